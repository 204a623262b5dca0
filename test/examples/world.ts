import { createLogger, recentRecords, tokenIssuer } from '../../lib/index.js'
import type { RecentRecords } from '../../lib/index.js'
import { audience, issuer } from '../../examples/orders/app.js'
import type { OrdersOptions } from '../../examples/orders/app.js'
import type { Adapter } from '../../examples/orders/hosts.js'
import { startOrders } from '../../examples/orders/start.js'
import { request, wire } from '../adapters/wire.js'
import type { WireAnswer } from '../adapters/wire.js'

const key = 'ruq8Vb2LwZ0nXk5TcY7sJm4GdHf9Pe1A'
const hour = 3600

/** Signs tokens as the application does. */
export const tokensOf = tokenIssuer({ issuer, audience, key: { algorithm: 'HS256', secret: key }, lifetime: hour })

/** What is sent: `{name}` in the target and the body stands for an id that was saved under that name. */
export interface Call {
  /** `GET /api/v1/orders/{first}` */
  readonly request: string
  /** Whose token it bears. */
  readonly as?: string
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent as it is, instead of `body`. */
  readonly bytes?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** One application, running behind one host, and what was learnt from it. */
export interface World {
  readonly adapter: Adapter
  readonly port: number
  readonly url: string
  readonly tokens: Map<string, string>
  readonly ids: Map<string, string>
  readonly records: RecentRecords
  call(call: Call): Promise<WireAnswer>
  close(): Promise<void>
}

/** Starts the application behind a host, on a free port. */
export async function startWorld(adapter: Adapter, options: Partial<OrdersOptions> = {}): Promise<World> {
  const records = recentRecords(100)
  const logger = createLogger({ silent: true })
  const { server, close } = await startOrders({ adapter, port: 0, limits: false, key, sinks: [records], logger, ...options })
  const tokens = new Map<string, string>()
  const ids = new Map<string, string>()
  return {
    adapter,
    port: server.port,
    url: server.url,
    tokens,
    ids,
    records,
    call: (call) => wire(server.port, bytesOf(call, tokens, ids)),
    async close() {
      await server.close()
      await close()
    },
  }
}

/** The hosts that every case of the application is tried behind; the others are tried in hosts.test.ts. */
export const triedInFull = ['express', 'koa', 'http'] as const

/** The application behind each of them. */
export function startWorlds(options: Partial<OrdersOptions> = {}): Promise<readonly World[]> {
  return Promise.all(triedInFull.map((adapter) => startWorld(adapter, options)))
}

/** Logs the people of the demonstration in, and gets the warehouse its token. */
export async function logIn(world: World): Promise<void> {
  for (const name of ['alice', 'bob', 'carol', 'dave']) {
    const answer = await world.call({ request: 'POST /api/v1/login', body: { username: name, password: `${name}-demo-password` } })
    world.tokens.set(name, (JSON.parse(answer.body) as { access_token: string }).access_token)
  }
  const asked = 'grant_type=client_credentials&client_id=warehouse&client_secret=warehouse-demo-secret'
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
  const answer = await world.call({ request: 'POST /oauth/token', bytes: asked, headers })
  world.tokens.set('warehouse', (JSON.parse(answer.body) as { access_token: string }).access_token)
}

/** What two hosts must agree on to the byte: everything but the time, random ids and signatures. */
export function comparable({ status, headers, body }: WireAnswer): unknown {
  const seen = new Map<string, string>()
  const settle = (text: string) =>
    text
      .replaceAll(
        /[\da-f]{32}|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g,
        (id) => seen.get(id) ?? seen.set(id, `id-${seen.size}`).get(id) ?? '',
      )
      .replaceAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, 'TOKEN')
      .replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
  // The body first, then headers by their names: ids are numbered as they come, and hosts send headers in orders of their own.
  const settled = settle(body)
  const ordered = headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .toSorted(([one], [other]) => one.localeCompare(other))
  const kept = ordered.filter(([name]) => name !== 'date').map(([name, value]) => `${name}: ${settle(value)}`)
  return { status, headers: kept, body: settled }
}

function bytesOf({ request: line, as, body, bytes, headers = {} }: Call, tokens: World['tokens'], ids: World['ids']): string {
  const filled = (text: string) => text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => ids.get(name) ?? whole)
  const bearer: Record<string, string> = as === undefined ? {} : { Authorization: `Bearer ${tokens.get(as) ?? `of nobody called ${as}`}` }
  const payload = bytes ?? (body === undefined ? '' : JSON.stringify(body))
  const type: Record<string, string> = payload === '' ? {} : { 'Content-Type': 'application/json' }
  return request(filled(line), { ...type, ...bearer, ...headers }, payload)
}
