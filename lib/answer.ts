import { Readable } from 'node:stream'
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { brand } from './brand.js'
import type { Reply } from './context.js'
import { ApiError, InternalError } from './errors.js'
import type { ErrorDocument, InputError } from './errors.js'
import type { Exchange } from './exchange.js'
import { Memo } from './memo.js'
import { jsonText, quoted } from './quoted.js'

/** An answer that is more than a value: made by `created`, `noContent` and `reply`. */
export class Answer {
  static {
    brand(this, 'Answer')
  }

  constructor(
    readonly status: number,
    readonly body: unknown,
    readonly headers: readonly string[],
  ) {}
}

/** 201 with `value` as JSON, and `Location` where the new thing can be found. */
export function created(value: unknown, options: { readonly location?: string } = {}): Answer {
  return reply(201, value, options.location === undefined ? {} : { Location: options.location })
}

/** 204: done, and nothing to say. */
export function noContent(): Answer {
  return new Answer(204, undefined, [])
}

/**
 * An answer with a status and headers of its own. Values are sent as JSON; bytes and streams as they are, and so is a
 * string where `Content-Type` is named. Throws on a status outside 200 to 599 and on characters that no header may hold.
 */
export function reply(status: number, body?: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  if (!Number.isInteger(status) || status < 200 || status > 599) throw new RangeError(`${status} is no status of an answer`)
  const flat: string[] = []
  for (const [name, value] of Object.entries(headers)) {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    flat.push(name, value)
  }
  return new Answer(status, body, flat)
}

/** The headers that every answer of a route bears: names and values in turn. */
export interface HeaderSets {
  readonly secure: readonly string[]
  readonly plain: readonly string[]
}

/** What the replies of one route have in common. */
export interface ReplyDefaults extends HeaderSets {
  /** What a 401 says in `WWW-Authenticate` where it says nothing itself (RFC 9110 §15.5.2 wants something there). */
  readonly challenge: string
}

/** Ends what the handler returned for nothing: a file or a connection behind a stream must not stay open. */
export function letGo(result: unknown): void {
  const body = result instanceof Answer ? result.body : result
  if (body instanceof Readable) body.destroy()
}

/** What the handler returned, as the reply that is sent. */
export function successReply(exchange: Exchange, sets: HeaderSets): Reply {
  const { result } = exchange
  if (result instanceof Answer) return toReply(exchange, sets, result.status, result.body, result.headers)
  return toReply(exchange, sets, result === undefined ? 204 : 200, result, [])
}

/**
 * A failure as problem+json (RFC 9457). What a handler meant for its success is not in it; what protections said of the
 * request is (CORS, rate limits).
 */
export function problemReply(exchange: Exchange, defaults: ReplyDefaults, error: ApiError): Reply {
  const { type, text } = error.document ?? problemOf(exchange, error)
  const length = Buffer.byteLength(text)
  const headers = headersOf(exchange, defaults, error.headers, 'Content-Length', String(length))
  if (error.status === 401 && !has(error.headers, 'www-authenticate')) headers.push('WWW-Authenticate', defaults.challenge)
  headers.push('Content-Type', type)
  if (error.closes) headers.push('Connection', 'close')
  return { status: error.status, headers, body: text, isAscii: length === text.length, closes: error.closes }
}

function problemOf(exchange: Exchange, error: ApiError): ErrorDocument {
  const text = `${headOf(error)}${jsonText(exchange.requestId)}${tailOf(error)}`
  return { type: 'application/problem+json', text }
}

/** The beginning of a problem, and what it was made of. */
interface Head extends Pick<ApiError, 'title' | 'status' | 'message'> {
  readonly text: string
}

/** What problems of a code said last before the id of the request: nearly always the same. */
const heads = new Memo<Head>(1_000)

function headOf({ code, title, status, message }: ApiError): string {
  const last = heads.get(code)
  if (last !== undefined && last.message === message && last.title === title && last.status === status) return last.text
  const about = JSON.stringify({ type: `urn:portcullis:problem:${code}`, title, status, code, detail: message })
  return heads.keep(code, { title, status, message, text: `${about.slice(0, -1)},"instance":` }).text
}

function tailOf({ errors }: ApiError): string {
  if (errors === undefined) return '}'
  let list = ''
  for (const error of errors) list += list === '' ? issueText(error) : `,${issueText(error)}`
  return `,"errors":[${list}]}`
}

function issueText({ in: part, path, code, message }: InputError): string {
  const isOfTexts = typeof part === 'string' && typeof path === 'string' && typeof code === 'string' && typeof message === 'string'
  // Whoever writes JavaScript may have put anything there.
  if (!isOfTexts) return JSON.stringify({ in: part, path, code, message })
  return `{"in":${quoted(part)},"path":${jsonText(path)},"code":${quoted(code)},"message":${quoted(message)}}`
}

/** Anything that was thrown, as something that can be answered. Of an unknown error nothing is taken. */
export function toApiError(thrown: unknown): ApiError {
  return thrown instanceof ApiError ? thrown : new InternalError(thrown)
}

function toReply(exchange: Exchange, sets: HeaderSets, status: number, body: unknown, own: readonly string[]): Reply {
  if (status === 204 || status === 304) return { status, headers: headersOf(exchange, sets, own), body: undefined }
  if (body === undefined) return { status, headers: headersOf(exchange, sets, own, 'Content-Length', '0'), body: undefined }
  if (body instanceof Readable) return { status, headers: headersOf(exchange, sets, typed(own)), body }
  if (body instanceof Uint8Array) return sized(exchange, sets, status, body, body.byteLength, typed(own))
  if (typeof body === 'string' && has(own, 'content-type')) {
    return sized(exchange, sets, status, body, Buffer.byteLength(body), own)
  }
  const json = jsonOf(body)
  const length = Buffer.byteLength(json)
  const headers = headersOf(exchange, sets, own, 'Content-Length', String(length))
  if (!has(own, 'content-type')) headers.push('Content-Type', 'application/json')
  return { status, headers, body: json, isAscii: length === json.length }
}

function sized(
  exchange: Exchange,
  sets: HeaderSets,
  status: number,
  body: string | Uint8Array,
  length: number,
  own: readonly string[],
): Reply {
  return { status, headers: headersOf(exchange, sets, own, 'Content-Length', String(length)), body }
}

function jsonOf(value: unknown): string {
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) throw new TypeError('the handler returned a value that JSON cannot hold')
  return text
}

function typed(own: readonly string[]): readonly string[] {
  return has(own, 'content-type') ? own : ['Content-Type', 'application/octet-stream', ...own]
}

/** The route's headers, then what this request added; a header that is named again replaces the route's. */
function headersOf(exchange: Exchange, sets: HeaderSets, own: readonly string[], ...last: readonly string[]): string[] {
  const { answerHeaders } = exchange
  const fixed = without(without(exchange.client.secure ? sets.secure : sets.plain, answerHeaders), own)
  // Spread, not concat or slice: those are many times slower on a frozen array.
  return [...fixed, 'X-Request-Id', exchange.requestId, ...answerHeaders, ...own, ...last]
}

function without(headers: readonly string[], named: readonly string[]): readonly string[] {
  let kept = headers
  for (let index = 0; index < named.length; index += 2) {
    const at = indexOf(kept, (named[index] ?? '').toLowerCase())
    if (at >= 0) kept = [...kept.slice(0, at), ...kept.slice(at + 2)]
  }
  return kept
}

function has(flat: readonly string[], lowerCaseName: string): boolean {
  return indexOf(flat, lowerCaseName) >= 0
}

function indexOf(flat: readonly string[], lowerCaseName: string): number {
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index] ?? ''
    if (name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName) return index
  }
  return -1
}
