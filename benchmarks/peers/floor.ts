// The floor: the same work in hand-written node:http code that knows these two routes and no others. `--adapter express|koa` hangs it into a host.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { parseArgs } from 'node:util'
import expressApp from 'express'
import Koa from 'koa'
import { audience, bodyLimit, createOrder, environment, issuer, ordersPath, securityHeaders, serve, users, usersPath } from '../contract.js'
import type { Claims, Order } from '../contract.js'

const { key, logFile, perMinute, perHour, cachesTokens } = environment()
const fixedHeaders = Object.entries(securityHeaders).flat()

type Verified = Claims & { readonly exp: number }

// ── tokens ──

const verified = new Map<string, { readonly token: string; readonly claims: Verified }>()

function claimsOf(request: IncomingMessage): Verified | undefined {
  const { authorization } = request.headers
  if (authorization === undefined || !authorization.startsWith('Bearer ')) return undefined
  const token = authorization.slice(7)
  const known = verified.get(token.slice(-43))
  const claims = known?.token === token ? known.claims : verify(token)
  if (claims === undefined || claims.exp * 1000 <= Date.now()) return undefined
  if (cachesTokens && known === undefined) remember(token, claims)
  return claims
}

function remember(token: string, claims: Verified): void {
  if (verified.size >= 10_000) verified.clear()
  verified.set(token.slice(-43), { token, claims })
}

const header = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')

function verify(token: string): Verified | undefined {
  const dot = token.lastIndexOf('.')
  if (!token.startsWith(`${header}.`)) return undefined
  const given = Buffer.from(token.slice(dot + 1), 'base64url')
  const expected = createHmac('sha256', key).update(token.slice(0, dot)).digest()
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
  const claims = JSON.parse(Buffer.from(token.slice(header.length + 1, dot), 'base64url').toString()) as Verified & {
    readonly iss?: string
    readonly aud?: string
  }
  return claims.iss === issuer && claims.aud === audience && typeof claims.exp === 'number' ? claims : undefined
}

// ── limits ──

interface Windows {
  minute: number
  minuteEnds: number
  hour: number
  hourEnds: number
}

const counters = new Map<string, Windows>()

function isWithinLimits(address: string): boolean {
  const now = Date.now()
  let windows = counters.get(address)
  if (windows === undefined) {
    windows = { minute: 0, minuteEnds: now + 60_000, hour: 0, hourEnds: now + 3_600_000 }
    counters.set(address, windows)
  }
  if (windows.minuteEnds <= now) Object.assign(windows, { minute: 0, minuteEnds: now + 60_000 })
  if (windows.hourEnds <= now) Object.assign(windows, { hour: 0, hourEnds: now + 3_600_000 })
  if (windows.minute >= perMinute || windows.hour >= perHour) return false
  windows.minute++
  windows.hour++
  return true
}

// ── bodies ──

const isText = (value: unknown, shortest: number, longest: number) =>
  typeof value === 'string' && value.length >= shortest && value.length <= longest
const isWhole = (value: unknown) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 1000
const matches = (value: unknown, pattern: RegExp) => typeof value === 'string' && pattern.test(value)
const product = /^[A-Z0-9]{8}$/
const zip = /^[0-9A-Za-z -]{3,10}$/
const sku = /^[A-Z0-9-]{3,20}$/

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown, known: (name: string) => boolean): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  for (const name in value) if (!known(name)) return undefined
  return value as Fields
}

class Address {
  constructor(
    readonly street: unknown,
    readonly city: unknown,
    readonly zip: unknown,
  ) {}
}

class Item {
  constructor(
    readonly sku: unknown,
    readonly qty: number,
  ) {}
}

class HandOrder implements Order {
  constructor(
    readonly product_id: unknown,
    readonly quantity: number,
    readonly note: unknown,
    readonly address: Address,
    readonly items: readonly Item[],
  ) {}
}

const isOrderField = (name: string) =>
  name === 'product_id' || name === 'quantity' || name === 'note' || name === 'address' || name === 'items'
const isAddressField = (name: string) => name === 'street' || name === 'city' || name === 'zip'
const isItemField = (name: string) => name === 'sku' || name === 'qty'

function orderOf(parsed: unknown): HandOrder | undefined {
  const order = fieldsOf(parsed, isOrderField)
  if (order === undefined || !matches(order['product_id'], product) || !isWhole(order['quantity'])) return undefined
  if (order['note'] !== undefined && !isText(order['note'], 0, 500)) return undefined
  const address = fieldsOf(order['address'], isAddressField)
  if (address === undefined || !isText(address['street'], 1, 100) || !isText(address['city'], 1, 100) || !matches(address['zip'], zip)) {
    return undefined
  }
  const given = order['items']
  if (!Array.isArray(given) || given.length < 1 || given.length > 50) return undefined
  const items: Item[] = []
  for (const one of given) {
    const item = fieldsOf(one, isItemField)
    if (item === undefined || !matches(item['sku'], sku) || !isWhole(item['qty'])) return undefined
    items.push(new Item(item['sku'], item['qty'] as number))
  }
  const own = new Address(address['street'], address['city'], address['zip'])
  return new HandOrder(order['product_id'], order['quantity'] as number, order['note'], own, items)
}

// ── the log ──

const file = openSync(logFile, 'a')
const lines: string[] = []
setInterval(flush, 250).unref()

function flush(): void {
  if (lines.length > 0) writeSync(file, `${lines.join('\n')}\n`)
  lines.length = 0
}

function log(request: IncomingMessage, status: number, startedAt: number, subject: string | undefined): void {
  const duration = Math.round((performance.now() - startedAt) * 1000) / 1000
  const action = request.method === 'POST' ? 'order.create' : 'users.list'
  let headers = ''
  for (const [name, value] of Object.entries(request.headers)) {
    const isSecret = name === 'authorization' || name === 'cookie' || name === 'x-api-key'
    headers += `${headers === '' ? '' : ','}${JSON.stringify(name)}:${isSecret ? '"[redacted]"' : JSON.stringify(value)}`
  }
  lines.push(
    `{"time":${Date.now()},"method":"${request.method}","path":${JSON.stringify(request.url)},"status":${status},"duration":${duration},` +
      `"ip":"${request.socket.remoteAddress}","action":"${action}","subject":${JSON.stringify(subject ?? null)},"headers":{${headers}}}`,
  )
  if (lines.length >= 128) flush()
}

// ── the routes ──

function listener(request: IncomingMessage, response: ServerResponse): void {
  const startedAt = performance.now()
  let subject: string | undefined

  function answer(status: number, text: string): void {
    const headers = [...fixedHeaders, 'Content-Type', 'application/json', 'Content-Length', String(Buffer.byteLength(text))]
    response.writeHead(status, headers)
    response.end(text)
    log(request, status, startedAt, subject)
    if (!request.complete) request.resume()
  }

  if (!isWithinLimits(request.socket.remoteAddress ?? '')) return answer(429, '{"error":"too many requests"}')
  const claims = claimsOf(request)
  if (claims === undefined) return answer(401, '{"error":"unauthenticated"}')
  subject = claims.sub
  const mayDo = (permission: string) => claims.permissions?.includes(permission) === true
  if (request.method === 'GET' && request.url === usersPath) {
    return mayDo('admin:read') ? answer(200, JSON.stringify({ users })) : answer(403, '{"error":"forbidden"}')
  }
  if (request.method !== 'POST' || request.url !== ordersPath) return answer(404, '{"error":"not found"}')
  if (!mayDo('orders:write')) return answer(403, '{"error":"forbidden"}')
  readBody(request, answer, (text) => {
    const order = parsed(text)
    if (order === undefined) answer(422, '{"error":"invalid body"}')
    else answer(201, JSON.stringify(createOrder(order)))
  })
}

function parsed(text: string): HandOrder | undefined {
  try {
    return orderOf(JSON.parse(text))
  } catch {
    return undefined
  }
}

function readBody(request: IncomingMessage, answer: (status: number, text: string) => void, take: (text: string) => void): void {
  const chunks: Buffer[] = []
  let length = 0
  request.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length <= bodyLimit) chunks.push(chunk)
  })
  request.on('end', () => {
    if (length > bodyLimit) answer(413, '{"error":"too large"}')
    else take((chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString())
  })
}

const { values } = parseArgs({ options: { adapter: { type: 'string', default: 'http' } } })
const hosts: Readonly<Record<string, () => RequestListener>> = {
  http: () => listener,
  express: () => expressApp().disable('x-powered-by').use(listener),
  koa: () => {
    const answer = new Koa()
      .use((context) => {
        context.respond = false
        listener(context.req, context.res)
      })
      .callback()
    return (request, response) => void answer(request, response)
  },
}
const listenerOf = hosts[values.adapter]
if (listenerOf === undefined) throw new TypeError(`--adapter ${values.adapter}: choose one of ${Object.keys(hosts).join(', ')}`)
serve(createServer(listenerOf()), () => {
  flush()
  closeSync(file)
})
