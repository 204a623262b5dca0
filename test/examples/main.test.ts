import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { execFile, spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { demoPerson } from '../../examples/shop-spa/people.js'
import { freePort } from '../free-port.js'
import { hasRedis, startRedis } from '../rate-limit/redis-server.js'
import { aGoodOrder } from './case.js'
import { tokensOf, triedInFull } from './world.js'

const program = fileURLToPath(new URL('../../examples/orders/main.js', import.meta.url))
const hasCurl = spawnSync('curl', ['--version']).status === 0
const key = 'ruq8Vb2LwZ0nXk5TcY7sJm4GdHf9Pe1A'

interface Run {
  readonly child: ChildProcess
  readonly port: number
  output(): string
  /** Settles when the program has printed `text`. */
  until(text: string): Promise<void>
  /** Settles with the exit code. */
  readonly end: Promise<number | null>
}

describe('the program of the orders API', () => {
  const running: Run[] = []
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-'))
  })

  after(() => rm(folder, { recursive: true }))

  afterEach(() => running.splice(0).forEach(({ child }) => child.kill('SIGKILL')))

  async function run(options: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Run> {
    const started = await launch(options, environment)
    running.push(started)
    return started
  }

  for (const adapter of triedInFull) {
    it(`says what it listens on, what protects it and how to try it, behind ${adapter}`, async () => {
      // As under a content security policy, nothing may make code out of text; Koa does, when it is loaded.
      const strictly = { NODE_OPTIONS: '--disallow-code-generation-from-strings' }
      const { child, port, output, until, end } = await run(['--adapter', adapter], adapter === 'koa' ? {} : strictly)
      await until('search?q=gate')
      // Between them stand records, each on a line of its own, when they come.
      const [ready, ...lines] = output()
        .split('\n')
        .filter((line) => !line.startsWith('{'))
      expect(ready).to.equal(`listening on http://127.0.0.1:${port} (${adapter})`)
      for (const row of routeRows)
        expect(
          lines.find((line) => row.test(line)),
          String(row),
        ).to.be.a('string')
      const commands = lines.filter((line) => line.startsWith('curl '))
      expect(commands).to.have.length(3)
      if (hasCurl) await expectToWork(commands)
      child.kill('SIGTERM')
      expect(await end).to.equal(0)
      const logged = output()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as object)
      expect(logged).to.have.length.at.least(3)
      for (const line of logged) expect(line).to.have.property('timestamp')
    })
  }

  it('answers what is open when it is told to stop, writes all records, and exits with 0', async () => {
    const file = join(folder, 'audit.log')
    const { child, port, until, end } = await run(['--adapter', 'http'], { PORTCULLIS_AUDIT_FILE: file, PORTCULLIS_KEY: key })
    const body = JSON.stringify(aGoodOrder)
    const head = `POST /api/v1/orders HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${tokensOf.issue({ sub: 'alice', roles: ['customer'] }).token}\r\n`
    const socket = connect(port, '127.0.0.1')
    const answer: Buffer[] = []
    socket.on('data', (chunk) => answer.push(chunk))
    socket.write(`${head}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nExpect: 100-continue\r\n\r\n`)
    await once(socket, 'data')
    child.kill('SIGINT')
    await until('stopping')
    socket.write(body)
    await once(socket, 'close')
    expect(await end).to.equal(0)
    const text = Buffer.concat(answer).toString()
    expect(text).to.include('HTTP/1.1 201 Created')
    const records = (await readFile(file, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(records.find(({ action }) => action === 'order.create')).to.include({ status: 201, principal_id: 'alice' })
    expect(records.at(-1)).to.include({ event: 'sys_shutdown' })
  })

  it('writes records in a chain where it is given a key, and its console says how that is', async () => {
    const keyFile = join(folder, 'audit.key')
    await writeFile(keyFile, randomBytes(32))
    const environment = { PORTCULLIS_AUDIT_FILE: join(folder, 'chained.log'), PORTCULLIS_AUDIT_KEY_FILE: keyFile, PORTCULLIS_KEY: key }
    const { port } = await run(['--adapter', 'http'], environment)
    const headers = { authorization: `Bearer ${tokensOf.issue({ sub: 'carol', roles: ['admin'] }).token}` }
    for (;;) {
      const response = await fetch(`http://127.0.0.1:${port}/console/state`, { headers })
      expect(response.status).to.equal(200)
      const { chain } = (await response.json()) as { chain: { state: string; records: number } }
      expect(chain.state).to.be.oneOf(['sound', 'unknown'])
      if (chain.state === 'sound') break
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  })

  it('keeps orders in a file, where they are found again', async () => {
    const environment = { DATABASE_URL: `file:${join(folder, 'orders.db')}`, PORTCULLIS_KEY: key }
    const headers = {
      Authorization: `Bearer ${tokensOf.issue({ sub: 'alice', roles: ['customer'] }).token}`,
      'Content-Type': 'application/json',
    }
    const first = await run([], environment)
    const made = await fetch(`http://127.0.0.1:${first.port}/api/v1/orders`, { method: 'POST', headers, body: JSON.stringify(aGoodOrder) })
    first.child.kill('SIGTERM')
    await first.end
    const second = await run([], environment)
    const found = await fetch(`http://127.0.0.1:${second.port}${made.headers.get('location')}`, { headers })
    expect(found.status).to.equal(200)
    expect(await found.json()).to.deep.equal(await made.json())
  })

  if (hasRedis()) {
    it('behaves as one program where two run on one Redis: codes, tokens, revocations', async () => {
      const redis = await startRedis()
      const address = `http://127.0.0.1:${await freePort()}`
      const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
      const environment = {
        REDIS_URL: `redis://127.0.0.1:${redis.port}`,
        // What is asked here is who wins, not how fast this machine is.
        REDIS_DEADLINE: '5000',
        PORTCULLIS_URL: address,
        PORTCULLIS_KEY: key,
        PORTCULLIS_SIGNING_KEY: signingKey,
      }
      await run(['--port', new URL(address).port], environment)
      const second = await run(['--adapter', 'koa'], environment)
      const elsewhere = `http://127.0.0.1:${second.port}`
      const parameters = {
        client_id: 'shop-spa',
        redirect_uri: 'http://127.0.0.1:8400/callback',
        response_type: 'code',
        scope: 'orders:read',
      }
      const verifier = randomBytes(32).toString('base64url')
      const challenge = { code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256' }
      const url = new URL(`${address}/oauth/authorize?${new URLSearchParams({ ...parameters, ...challenge }).toString()}`)
      const code = (await demoPerson('alice')(url)).searchParams.get('code') ?? ''
      const ask = async (at: string, path: string, form: Readonly<Record<string, string>>) => {
        const answer = await fetch(`${at}${path}`, { method: 'POST', body: new URLSearchParams({ client_id: 'shop-spa', ...form }) })
        return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, string>> }
      }
      const redemption = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: parameters.redirect_uri }
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) => ask(index % 2 ? address : elsewhere, '/oauth/token', redemption)),
      )
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).to.deep.equal([200, ...Array<number>(9).fill(400)])

      const login = await fetch(`${address}/api/v1/login`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ username: 'bob', password: 'bob-demo-password' }),
      })
      const headers = { Authorization: `Bearer ${((await login.json()) as { access_token: string }).access_token}` }
      const statusAt = async (at: string) => (await fetch(`${at}/api/v1/me`, { headers })).status
      expect([await statusAt(address), await statusAt(elsewhere)]).to.deep.equal([200, 200])
      expect((await fetch(`${elsewhere}/api/v1/logout`, { method: 'POST', headers })).status).to.equal(204)
      expect([await statusAt(address), await statusAt(elsewhere)]).to.deep.equal([401, 401])
      await redis.stop()
    })
  }

  it('warns when limits are off, and then has none', async () => {
    const { port, output, until } = await run(['--no-limits'])
    await until('warning: rate limits are off')
    const statuses = await Promise.all(Array.from({ length: 150 }, async () => (await fetch(`http://127.0.0.1:${port}/health`)).status))
    expect(new Set(statuses)).to.deep.equal(new Set([200]))
    expect(output()).not.to.include('per minute')
  })

  for (const [claim, options, environment, code, words] of [
    ['an option that it does not know', ['--adaptor', 'koa'], {}, 2, 'usage: '],
    ['a proxy that anybody could be', [], { PORTCULLIS_TRUST_PROXY: 'true' }, 1, 'trustProxy'],
    ['a database that does not answer', [], { DATABASE_URL: 'postgres://127.0.0.1:1/orders' }, 1, 'ECONNREFUSED'],
    ['a Redis that does not answer', [], { REDIS_URL: 'redis://127.0.0.1:1' }, 1, 'Connection is closed'],
  ] as const) {
    it(`does not start with ${claim}`, async () => {
      const child = spawn(process.execPath, [program, ...options], { env: { ...process.env, ...environment } })
      const errors: Buffer[] = []
      child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
      expect((await once(child, 'close'))[0]).to.equal(code)
      expect(Buffer.concat(errors).toString()).to.include(words)
    })
  }
})

const routeRows = [
  /^GET +\/health +public/,
  /^POST +\/api\/v1\/login +public +5 per minute by addressAndName +Credentials +session\.login$/,
  /^POST +\/api\/v1\/logout +authenticated/,
  /^GET +\/api\/v1\/me +authenticated/,
  /^GET +\/api\/v1\/admin\/users +admin:read/,
  /^POST +\/api\/v1\/orders +orders:write +10 per second by address +CreateOrder +order\.create$/,
  /^GET +\/api\/v1\/orders +orders:read +OrderList$/,
  /^GET +\/api\/v1\/orders\/:id +orders:read, for its object +OrderId$/,
  /^PATCH +\/api\/v1\/orders\/:id +orders:write, for its object/,
  /^DELETE +\/api\/v1\/orders\/:id +orders:delete, for its object/,
  /^POST +\/api\/v1\/orders\/:id\/fulfil +orders:fulfil/,
  /^GET +\/api\/v1\/search +authenticated +10 per second by address/,
  /^GET +\/api\/v1\/admin\/audit +audit:read/,
  /^GET +\/oauth\/authorize +public +20 per minute by clientOfQuery/,
  /^POST +\/oauth\/token +public +20 per minute by clientOfForm/,
  /^GET +\/\.well-known\/oauth-authorization-server +public/,
  /^GET +\/\.well-known\/oauth-protected-resource +public/,
  /^GET +\/\.well-known\/jwks\.json +public/,
  /^on every route: 100 per minute; 1000 per hour by address$/,
]

async function expectToWork(commands: readonly string[]): Promise<void> {
  const bash = promisify(execFile)
  const answers: unknown[] = []
  for (const command of commands) answers.push(JSON.parse((await bash('bash', ['-c', command])).stdout))
  const [login, order, search] = answers as [object, { id: string }, { data: object[] }]
  expect(login).to.include({ token_type: 'Bearer' })
  expect(order).to.include({ owner_id: 'alice', product_id: 'GATE0001' })
  expect(search.data).to.have.length(1)
  expect(search.data[0]).to.include({ id: order.id }).and.have.property('margin')
}

async function launch(options: readonly string[], environment: Readonly<Record<string, string>>): Promise<Run> {
  const child = spawn(process.execPath, [program, '--port', '0', ...options], { env: { ...process.env, ...environment } })
  let text = ''
  const end = once(child, 'close').then(([code]) => code as number | null)
  const until = (wanted: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => (text.includes(wanted) ? resolve() : undefined)
      for (const stream of [child.stdout, child.stderr]) stream.on('data', look)
      void end.then((code) => reject(new Error(`it ended with ${code} and without "${wanted}":\n${text}`)))
      look()
    })
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await until('\n\n')
  return { child, port: Number(/listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1]), output: () => text, until, end }
}
