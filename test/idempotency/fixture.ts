import { Readable } from 'node:stream'
import { IsInt, IsString } from 'class-validator'
import type { Logger } from 'winston'
import {
  Authorize,
  Controller,
  Idempotent,
  MemoryStateStore,
  Post,
  RequirePermission,
  Timeout,
  Validate,
  bearer,
  createApi,
  createContainer,
  createLogger,
  recentRecords,
  tokenIssuer,
  tokens,
} from '../../lib/index.js'
import type { Authentication, Api, ApiRequest, Context, IdempotentOptions, Reply, StateStore } from '../../lib/index.js'
import { exchangeOf } from '../exchange.js'

const key = { algorithm: 'HS256', secret: 'ruq8Vb2LwZ0nXk5TcY7sJm4GdHf9Pe1A' } as const
const names = { issuer: 'https://auth.test', audience: 'https://api.test' }

export const bearerTokens = bearer({ ...names, keys: [key] })

/** A token of `sub`. */
export function tokenOf(sub: string, claims: Readonly<Record<string, unknown>> = {}): string {
  return tokenIssuer({ ...names, key }).issue({ sub, ...claims }).token
}

export class Payment {
  @IsInt() amount!: number
  @IsString() to!: string
}

/** What a handler does. */
export type Work = (context: Context<{ body: Payment }>) => unknown

export interface Setup {
  readonly work: Work
  readonly options?: IdempotentOptions
  readonly state?: StateStore
  /** Moved by the test. */
  readonly clock?: { time: number }
  /** What everybody may, moved by the test. */
  readonly permissions?: Set<string>
  /** Whose payments there are. */
  readonly accounts?: Map<string, string>
  readonly timeout?: number
  readonly logger?: Logger
  /** In the place of tokens. */
  readonly authentication?: Authentication
}

/** An API that pays, and the records that it makes. */
export function payments(setup: Setup) {
  const { work, options, state = new MemoryStateStore(), clock, timeout = 5_000, accounts = new Map<string, string>() } = setup
  const { authentication = bearerTokens, permissions = new Set(['payments:write']), logger = createLogger({ silent: true }) } = setup
  const records = recentRecords(50)

  @Controller('/payments', { inject: [] })
  @RequirePermission('payments:write')
  @Timeout(timeout)
  class Payments {
    @Post('/')
    @Validate({ body: Payment })
    @Idempotent(options)
    pay(context: Context<{ body: Payment }>) {
      return work(context)
    }

    @Post('/again')
    @Validate({ body: Payment })
    @Idempotent(options)
    again(context: Context<{ body: Payment }>) {
      return work(context)
    }

    @Post('/of/:account')
    @Validate({ body: Payment })
    @Authorize(({ request }) => accounts.get(request.target), ({ id }, owner) => id === owner)
    @Idempotent(options)
    payFor(context: Context<{ body: Payment; resource: string }>) {
      return work(context)
    }
  }

  const container = createContainer()
  container.register(tokens.state, { useValue: state })
  container.register(tokens.permissionSource, { useValue: { permissionsOf: () => permissions } })
  if (clock !== undefined) container.register(tokens.clock, { useValue: { now: () => clock.time } })
  const api = createApi({
    ...{ controllers: [Payments], container, authentication, https: 'off', logger },
    ...{ audit: { sinks: [records] }, rateLimit: { default: '1000000 per minute' } },
  })
  return { api, records }
}

/** What a test wants to be different from Alice's payment of 1 to Bob, under the key `"k"`. */
export interface Call {
  readonly key?: string | undefined
  readonly target?: string
  readonly body?: unknown
  readonly as?: string
  readonly claims?: Readonly<Record<string, unknown>>
  readonly address?: string
  readonly request?: Partial<ApiRequest>
}

export function requestOf(call: Call = {}): ApiRequest {
  const { target = '/payments', body = { amount: 1, to: 'bob' }, as = 'alice', claims, address = '192.0.2.1' } = call
  const key = 'key' in call ? call.key : '"k"'
  const bytes = Buffer.from(JSON.stringify(body))
  const headers = {
    ...{ host: 'a', 'content-type': 'application/json', 'content-length': String(bytes.length) },
    ...(as === '' ? {} : { authorization: `Bearer ${tokenOf(as, claims)}` }),
    ...(key === undefined ? {} : { 'idempotency-key': key }),
  }
  const parts = { method: 'POST', target, remoteAddress: address, headers, rawHeaders: Object.entries(headers).flat() }
  return exchangeOf({ request: { ...parts, body: Readable.from([bytes]), ...call.request } }).request
}

export interface Heard {
  readonly status: number
  readonly text: string
  readonly json: Readonly<Record<string, unknown>>
  readonly isReplayed: boolean
  header(name: string): string | undefined
  /** How often a header is there. */
  count(name: string): number
}

export async function send(api: Api, call?: Call): Promise<Heard> {
  return heard(await api.answer(requestOf(call)))
}

export function heard({ status, headers, body }: Reply): Heard {
  const text = body === undefined || body instanceof Readable ? '' : Buffer.from(body as string).toString()
  const header = (name: string) => {
    const at = headers.findIndex((one, index) => index % 2 === 0 && one.toLowerCase() === name.toLowerCase())
    return at < 0 ? undefined : headers[at + 1]
  }
  const count = (name: string) => headers.filter((one, index) => index % 2 === 0 && one.toLowerCase() === name.toLowerCase()).length
  const isJson = header('content-type')?.includes('json') === true
  const json = isJson ? (JSON.parse(text) as Record<string, unknown>) : {}
  return { status, text, json, header, count, isReplayed: header('Idempotency-Replayed') === 'true' }
}

/** Waits for what is about to happen. */
export async function until(hasHappened: () => boolean | Promise<boolean>): Promise<void> {
  const patienceEnds = performance.now() + 5_000
  while (!(await hasHappened())) {
    if (performance.now() > patienceEnds) throw new Error('it did not happen')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** A promise that the test settles. */
export function gate<T>() {
  const { promise, resolve, reject } = deferred<T>()
  return { promise, open: resolve, fail: reject }
}

function deferred<T>() {
  let settle: { resolve: (value: T) => void; reject: (error: Error) => void } | undefined
  const promise = new Promise<T>((resolve, reject) => (settle = { resolve, reject }))
  return { promise, resolve: (value: T) => settle?.resolve(value), reject: (error: Error) => settle?.reject(error) }
}
