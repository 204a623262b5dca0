// What every contender has in common: who may call, what is asked, what is answered. README.md beside this file tells it in words.
import { createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { CreateOrder } from './create-order.js'

export const issuer = 'https://auth.example.com/'
export const audience = 'https://api.example.com'
export const ordersPath = '/api/v1/orders'
export const usersPath = '/api/v1/admin/users'
/** Bytes of a body. */
export const bodyLimit = 100_000

/** What stands on every answer, refusals too. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'DENY',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
}

/** helmet's defaults, but for what the contract wants otherwise. */
export const helmetOptions = {
  contentSecurityPolicy: { useDefaults: false, directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] } },
  frameguard: { action: 'deny' },
} as const

export const users = [
  { id: 'u1', name: 'Ada' },
  { id: 'u2', name: 'Grace' },
  { id: 'u3', name: 'Edsger' },
] as const

/** The claims that a contender reads. */
export interface Claims {
  readonly sub?: string
  readonly permissions?: readonly string[]
}

/** What an order must have to be counted. */
export type Order = Pick<CreateOrder, 'quantity'> & { readonly items: ReadonlyArray<{ readonly qty: number }> }

let last = 0

/** The work behind the gate: alike for all. */
export function createOrder({ quantity, items }: Order) {
  const total = items.reduce((sum, { qty }) => sum + qty * 250, quantity * 1000)
  return { id: String(++last), status: 'created', total }
}

/** What a contender is told by its environment. */
export interface Environment {
  readonly secret: string
  /** The same, prepared: with a string, jsonwebtoken makes a key for each call. */
  readonly key: KeyObject
  readonly logFile: string
  readonly perMinute: number
  readonly perHour: number
  readonly cachesTokens: boolean
}

export function environment({ env } = process): Environment {
  const secret = env.JWT_SECRET ?? ''
  if (secret === '') refuse('JWT_SECRET is missing: give it random characters, 32 bytes or more')
  return {
    secret,
    key: createSecretKey(Buffer.from(secret)),
    logFile: env.LOG_FILE ?? '/dev/null',
    perMinute: limitOf('RATE_MINUTE', env.RATE_MINUTE),
    perHour: limitOf('RATE_HOUR', env.RATE_HOUR),
    cachesTokens: env.TOKEN_CACHE !== '0',
  }
}

function limitOf(name: string, text = '1000000000'): number {
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : refuse(`${name}=${text}: give a whole number from 1`)
}

/** The value of an option, which must be one of these. */
export function chosen<Name extends string>(option: string, value: string, names: readonly Name[]): Name {
  return names.find((name) => name === value) ?? refuse(`--${option} ${value}: choose of ${names.join(', ')}`)
}

/** Ends the program, and says what it was told wrong. */
export function refuse(problem: string): never {
  console.error(problem)
  process.exit(1)
}

/** The port to listen on; 0 takes a free one. */
export const port = Number(process.env.PORT ?? 0)
export const host = '127.0.0.1'

/** Starts a contender's server, says where, and ends it on SIGTERM; `flush` writes out what is left of the log. */
export function serve(server: Server, flush: () => unknown): void {
  server.listen(port, host, () => announce(server))
  endOnSignal(server, flush)
}

/** Says on which port a server listens. */
export function announce(server: Server): void {
  console.log(`listening ${(server.address() as AddressInfo).port}`)
}

/** Ends a server on SIGTERM, its log written out. */
export function endOnSignal(server: Server, flush: () => unknown): void {
  process.once('SIGTERM', () => {
    server.close()
    server.closeAllConnections()
    void Promise.resolve(flush()).then(() => process.exit(0))
  })
}
