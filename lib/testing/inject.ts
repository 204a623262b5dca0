import { buffer } from 'node:stream/consumers'
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { Readable } from 'node:stream'
import type { Api } from '../api.js'
import type { Reply } from '../context.js'
import type { InputError } from '../errors.js'
import { InjectedRequest } from '../injected-request.js'
import type { StatedCaller } from '../stated-caller.js'

/** A request that is made of an API without a socket. */
export interface InjectedCall {
  /** @default 'GET' */
  readonly method?: string
  /** As a client would write it: `/api/v1/orders?page=2`. */
  readonly path: string
  /**
   * Who calls, as a verified token would have said: `{ id: 'alice', roles: ['customer'] }`. Everything but the check of credentials is
   * as for every caller. @default whoever the headers say; nobody, without any
   */
  readonly as?: StatedCaller | undefined
  /** Names and values; a list sends a header several times. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** A text, bytes or `URLSearchParams` as they are; anything else as JSON. @default none */
  readonly body?: unknown
  /** Where it comes from. @default '127.0.0.1' */
  readonly address?: string
  /** Whether it comes over TLS. @default true */
  readonly https?: boolean
}

/** A problem document (RFC 9457). */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail?: string
  readonly errors?: readonly InputError[]
  readonly [member: string]: unknown
}

/** What an API answered. */
export interface InjectedReply {
  readonly status: number
  readonly headers: Headers
  readonly body: string
  readonly bytes: Uint8Array
  /** The body as JSON. Throws a `SyntaxError` where it is none. */
  json(): unknown
  /** The problem that it is; undefined for every other answer. */
  readonly problem: Problem | undefined
}

/**
 * Makes a request of `api` without a server: `await inject(api, { method: 'POST', path: '/orders', as: { id: 'alice' }, body })`.
 *
 * It goes through all steps of its route, as from a socket; only where `as` says who calls, no credentials are looked for. That is
 * refused with a `TypeError` where `NODE_ENV` is `production`, and beside an `Authorization` header, which would say it twice.
 */
export async function inject(api: Pick<Api, 'answer'>, call: InjectedCall): Promise<InjectedReply> {
  const { method = 'GET', path, as, address = '127.0.0.1', https = true } = call
  const { bytes, type } = bodyOf(call.body)
  const headers = headersOf(call, bytes, type)
  if (as !== undefined) requireTest(headers)
  const request = new InjectedRequest({
    ...{ method, target: path, remoteAddress: address, encrypted: https },
    ...{ rawHeaders: headers.flat(), bytes, caller: as },
  })
  return toInjectedReply(method, await api.answer(request))
}

type HeaderList = ReadonlyArray<readonly [name: string, value: string]>

/** Whoever is let in by being named must not be let in by mistake. */
function requireTest(headers: HeaderList): void {
  if (process.env['NODE_ENV'] === 'production') throw new TypeError('inject({ as }) says who calls without a proof: it is for tests alone')
  const isSaidTwice = headers.some(([name]) => name.toLowerCase() === 'authorization')
  if (isSaidTwice) throw new TypeError('as says who calls, and so does the Authorization header: leave one of them out')
}

function headersOf({ headers = {} }: InjectedCall, bytes: Uint8Array, type: string | undefined): HeaderList {
  const given = Object.entries(headers).flatMap(([name, values]) => [values].flat().map((value) => [name, value] as const))
  for (const [name, value] of given) {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  }
  const names = new Set(given.map(([name]) => name.toLowerCase()))
  const usual: HeaderList = [
    ['Host', 'api.test'],
    ...(type === undefined ? [] : [['Content-Type', type] as const]),
    ...(bytes.length === 0 || names.has('transfer-encoding') ? [] : [['Content-Length', String(bytes.length)] as const]),
  ]
  return [...usual.filter(([name]) => !names.has(name.toLowerCase())), ...given]
}

function bodyOf(body: unknown): { readonly bytes: Uint8Array; readonly type: string | undefined } {
  if (body === undefined) return { bytes: new Uint8Array(), type: undefined }
  if (body instanceof Uint8Array) return { bytes: body, type: undefined }
  if (typeof body === 'string') return { bytes: Buffer.from(body), type: undefined }
  if (body instanceof URLSearchParams) return { bytes: Buffer.from(String(body)), type: 'application/x-www-form-urlencoded' }
  return { bytes: Buffer.from(JSON.stringify(body)), type: 'application/json' }
}

async function toInjectedReply(method: string, reply: Reply): Promise<InjectedReply> {
  const headers = new Headers()
  for (let index = 0; index < reply.headers.length; index += 2) headers.append(reply.headers[index] ?? '', reply.headers[index + 1] ?? '')
  const bytes = await bytesOf(method, reply)
  const body = Buffer.from(bytes).toString('utf8')
  const isProblem = headers.get('content-type') === 'application/problem+json' && body !== ''
  return {
    ...{ status: reply.status, headers, body, bytes },
    json: () => JSON.parse(body) as unknown,
    problem: isProblem ? (JSON.parse(body) as Problem) : undefined,
  }
}

/** As servers do, nothing of a body is sent in answer to HEAD. */
async function bytesOf(method: string, { body }: Reply): Promise<Uint8Array> {
  if (method === 'HEAD') {
    if (body instanceof Readable) body.destroy()
    return new Uint8Array()
  }
  if (body === undefined) return new Uint8Array()
  if (body instanceof Readable) return buffer(body)
  return typeof body === 'string' ? Buffer.from(body) : body
}
