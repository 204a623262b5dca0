// What is asked of the contenders.
import { randomBytes } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { goodOrder } from './bodies.js'
import { audience, issuer, ordersPath, usersPath } from './contract.js'

/** The key of this run. */
export const jwtSecret = randomBytes(32).toString('base64url')

/** A token of the benchmarks' issuer. */
export function tokenWith(claims: object, options: Readonly<jwt.SignOptions> = {}, secret = jwtSecret): string {
  return jwt.sign({ sub: 'u1', jti: 'b1', permissions: ['orders:write', 'admin:read'], ...claims }, secret, {
    issuer,
    audience,
    expiresIn: 3600,
    ...options,
  })
}

/** One request, sent over and over. */
export interface Workload {
  readonly name: string
  /** What every answer must be; a bad body is 400 with some and 422 with others. */
  readonly statuses: readonly number[]
  readonly bytes: Buffer
  /** On how many connections it is sent at once. @default 64 */
  readonly connections?: number
}

export interface RequestParts {
  readonly method: string
  readonly path: string
  readonly token?: string
  readonly body?: unknown
}

/** A request as it goes over the wire, with the headers that clients of APIs send. */
function requestBytes({ method, path, token, body }: RequestParts): Buffer {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: api.example.com', 'User-Agent: benchmark/1', 'Accept: application/json']
  if (token !== undefined) lines.push(`Authorization: Bearer ${token}`)
  if (body !== undefined) lines.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(text)}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${text}`)
}

/** What is measured of each contender. */
export function workloads() {
  const token = tokenWith({})
  const post = { method: 'POST', path: ordersPath, token, body: goodOrder }
  const workload = (name: string, statuses: readonly number[], parts: RequestParts): Workload => ({
    name,
    statuses,
    bytes: requestBytes(parts),
  })
  return {
    create: workload('POST', [201], post),
    alone: { ...workload('POST, one at a time', [201], post), connections: 1 },
    list: workload('GET', [200], { method: 'GET', path: usersPath, token }),
    refusals: [
      workload('401', [401], { ...post, token: `${token.slice(0, -6)}AAAAAA` }),
      workload('403', [403], { ...post, token: tokenWith({ permissions: [] }) }),
      workload('422', [400, 422], { ...post, body: { ...goodOrder, items: [...goodOrder.items, { sku: 'SKU-1004', qty: 0, more: 1 }] } }),
    ],
    /** For a server whose limits are used up. */
    limited: workload('429', [429], post),
  } as const
}
