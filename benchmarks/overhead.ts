// What the protection costs: each host bare and protected, interleaved, medians. `npm run bench -- --rounds 5 --seconds 3`
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import jwt from 'jsonwebtoken'
import { load } from './load.js'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '2' } } })
const rounds = Number(values.rounds)
const milliseconds = Number(values.seconds) * 1000
const secret = 'bench-bJ4vWq8Zr2Lk6Tn0Xc5Hd9Ys3Mf7Gp1'
const adapters = ['http', 'express', 'koa'] as const
const contenders = [
  ...adapters.map((adapter) => ({ name: `${adapter}, bare`, script: 'bare.js', adapter })),
  ...adapters.map((adapter) => ({ name: `${adapter}, protected`, script: 'server.js', adapter })),
]

const body = JSON.stringify({
  product_id: 'ABCD1234',
  quantity: 3,
  note: 'leave it at the door, please: the bell is broken',
  address: { street: '12 Harbour Road', city: 'Lisbon', zip: '12345' },
  items: [
    { sku: 'SKU-1001', qty: 1 },
    { sku: 'SKU-1002', qty: 2 },
    { sku: 'SKU-1003', qty: 3 },
  ],
})
const token = jwt.sign({ sub: 'u1', permissions: ['orders:write'], jti: 'b1' }, secret, {
  issuer: 'https://auth.example.com/',
  audience: 'https://api.example.com',
  expiresIn: 3600,
})
const bytes = Buffer.from(
  `POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
)

const results = new Map<string, Array<{ perSecond: number; cpu: number }>>()
for (let round = 0; round < rounds; round++) {
  for (const { name, script, adapter } of contenders) {
    const measured = await measure(script, adapter)
    results.set(name, [...(results.get(name) ?? []), measured])
  }
}

console.log(`${rounds} rounds of ${values.seconds} s, 64 connections, interleaved; medians\n`)
console.log('contender              requests/s   CPU µs a request   × bare on the same host')
for (const { name, adapter } of contenders) {
  const cpu = median((results.get(name) ?? []).map((one) => one.cpu))
  const bare = median((results.get(`${adapter}, bare`) ?? []).map((one) => one.cpu))
  const perSecond = median((results.get(name) ?? []).map((one) => one.perSecond))
  console.log(
    `${name.padEnd(22)} ${perSecond.toFixed(0).padStart(10)} ${cpu.toFixed(1).padStart(18)} ${(cpu / bare).toFixed(2).padStart(24)}`,
  )
}

async function measure(script: string, adapter: string): Promise<{ perSecond: number; cpu: number }> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const child = spawn(process.execPath, [path, '--adapter', adapter], {
    env: { ...process.env, PORT: '0', JWT_SECRET: secret },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = await portOf(child)
  await load(port, bytes, 64, 500)
  const before = cpuMicroseconds(child)
  const counts = await load(port, bytes, 64, milliseconds)
  const spent = cpuMicroseconds(child) - before
  child.kill('SIGTERM')
  await once(child, 'exit')
  const answered = counts.get(201) ?? 0
  if (counts.size !== 1 || answered === 0) throw new Error(`${script} on ${adapter} answered ${JSON.stringify([...counts])}, not 201 only`)
  return { perSecond: (answered * 1000) / milliseconds, cpu: spent / answered }
}

async function portOf({ stdout }: ChildProcess): Promise<number> {
  if (stdout === null) throw new Error('the server has no output')
  const [line] = (await once(createInterface(stdout), 'line')) as [string]
  return Number(line.replace('listening ', ''))
}

/** User and system time of a process: fields 14 and 15 of /proc/PID/stat, in ticks of 10 ms. */
function cpuMicroseconds({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}
