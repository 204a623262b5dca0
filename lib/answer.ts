import { Readable } from 'node:stream'
import { answerStream, heard } from './answer-stream.js'
import { brand } from './brand.js'
import type { Reply } from './context.js'
import { ApiError, InternalError, requireStatus } from './errors.js'
import type { ErrorDocument, InputError } from './errors.js'
import type { Exchange } from './exchange.js'
import { indexOf, without } from './header-block.js'
import type { HeaderBlock } from './header-block.js'
import { Memo } from './memo.js'
import { jsonText, quoted } from './quoted.js'
import { requireSendable } from './sendable.js'

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

/** 201 with `value` as JSON, and `Location` where the new thing can be found: what is beyond ASCII in it is encoded. */
export function created(value: unknown, options: { readonly location?: string } = {}): Answer {
  return reply(201, value, options.location === undefined ? {} : { Location: asciiOf(options.location) })
}

/** A URL as browsers would write it, what is encoded already left alone. */
function asciiOf(url: string): string {
  return url.replaceAll(/[\u0080-\uffff]+/g, encodeURIComponent)
}

/** 204: done, and nothing to say. */
export function noContent(): Answer {
  return new Answer(204, undefined, [])
}

/**
 * An answer with a status and headers of its own. Values are sent as JSON; bytes and streams as they are, and so is a
 * string where `Content-Type` is named. Throws on a status outside 200 to 599 and on characters that no header may hold,
 * those beyond ASCII among them.
 */
export function reply(status: number, body?: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  requireStatus(status)
  const flat: string[] = []
  for (const [name, value] of Object.entries(headers)) {
    requireSendable(name, value)
    flat.push(name, value)
  }
  return new Answer(status, body, flat)
}

/** The headers that every answer of a route bears: over TLS, and without it. */
export interface HeaderSets {
  readonly secure: HeaderBlock
  readonly plain: HeaderBlock
}

/** What the replies of one route have in common. */
export interface ReplyDefaults extends HeaderSets {
  /** What a 401 says in `WWW-Authenticate` where it says nothing itself (RFC 9110 §15.5.2 wants something there). */
  readonly challenge: string
}

/** A reply in two parts: the headers that every answer of its route bears, and those that are its own. */
export class RouteReply implements Reply {
  constructor(
    readonly status: number,
    readonly block: HeaderBlock,
    /** Names and values in turn. */
    readonly own: readonly string[],
    readonly body: Reply['body'],
    readonly isAscii = false,
    readonly closes = false,
  ) {}

  get headers(): readonly string[] {
    // Spread, not concat: that is many times slower on a frozen array.
    return [...this.block.flat, ...this.own]
  }
}

/** Ends what the handler returned for nothing: a file or a connection behind a stream must not stay open. */
export function letGo(result: unknown): void {
  const body = result instanceof Answer ? result.body : result
  if (body instanceof Readable) heard(body).destroy()
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
  if (isBodiless(error.status)) return toReply(exchange, defaults, error.status, undefined, error.headers)
  const { type, text } = error.document ?? problemOf(exchange, error)
  const length = Buffer.byteLength(text)
  const last = ['Content-Length', String(length), 'Content-Type', type]
  if (error.status === 401 && !has(error.headers, 'www-authenticate')) last.push('WWW-Authenticate', defaults.challenge)
  if (error.closes) last.push('Connection', 'close')
  const own = ownHeaders(exchange, error.headers, last)
  const block = blockOf(exchange, defaults, error.headers)
  return new RouteReply(error.status, block, own, text, length === text.length, error.closes)
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

/** The status has been sent when a stream fails, and the record made: the log alone can tell why the answer broke off. */
function failureTo(exchange: Exchange): (error: Error) => void {
  return (error) => {
    if (!exchange.request.gone) exchange.log.error('the stream of an answer failed', { error })
  }
}

function toReply(exchange: Exchange, sets: HeaderSets, status: number, body: unknown, named: readonly string[]): Reply {
  const block = blockOf(exchange, sets, named)
  if (isBodiless(status)) {
    letGo(body)
    // Of the three, 205 alone is framed like any other answer: without a length, the next answer could be taken for its body (RFC 9110 §15.3.6).
    const last = status === 205 ? ['Content-Length', '0'] : []
    return new RouteReply(status, block, ownHeaders(exchange, named, last), undefined)
  }
  if (body === undefined) return new RouteReply(status, block, ownHeaders(exchange, named, ['Content-Length', '0']), undefined)
  const hasType = has(named, 'content-type') || has(exchange.namedHeaders, 'content-type')
  if (body instanceof Readable) {
    const length = lengthIn(named)
    const last = length === undefined ? [] : ['Content-Length', String(length)]
    if (!hasType) last.push(...ofBytes)
    const own = ownHeaders(exchange, named, last)
    return new RouteReply(status, block, own, answerStream(body, length, failureTo(exchange)))
  }
  if (body instanceof Uint8Array) {
    const last = ['Content-Length', String(body.byteLength)]
    if (!hasType) last.push(...ofBytes)
    return new RouteReply(status, block, ownHeaders(exchange, named, last), body)
  }
  const text = typeof body === 'string' && hasType ? body : jsonOf(body)
  const length = Buffer.byteLength(text)
  const last = ['Content-Length', String(length)]
  if (!hasType) last.push('Content-Type', 'application/json')
  const own = ownHeaders(exchange, named, last)
  return new RouteReply(status, block, own, text, length === text.length)
}

/** Whether a status forbids a body. */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}

/** Of a stream, only who made it can know how long it is. */
function lengthIn(headers: readonly string[]): number | undefined {
  const at = indexOf(headers, 'content-length')
  const value = at < 0 ? '' : (headers[at + 1] ?? '')
  return /^\d{1,15}$/.test(value) ? Number(value) : undefined
}

function jsonOf(value: unknown): string {
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) throw new TypeError('the handler returned a value that JSON cannot hold')
  return text
}

const ofBytes = ['Content-Type', 'application/octet-stream'] as const

/** The route's headers, but for those that this answer names itself. */
function blockOf({ client, answerHeaders, namedHeaders }: Exchange, sets: HeaderSets, named: readonly string[]): HeaderBlock {
  return without(without(without(client.secure ? sets.secure : sets.plain, answerHeaders), namedHeaders), named)
}

/** What the API says in this answer, `last` included, and beside it what was named for it: by `setHeader`, and in the answer or the error itself. */
function ownHeaders({ requestId, answerHeaders, namedHeaders }: Exchange, named: readonly string[], last: readonly string[]): string[] {
  const own = ['X-Request-Id', requestId, ...answerHeaders, ...last]
  if (namedHeaders.length > 0) addNamed(own, [...namedHeaders, ...named])
  else if (named.length > 0) addNamed(own, named)
  return own
}

/**
 * Say where a body ends: said twice, it is two answers to some clients. Handlers pass them on from other servers. So they do with `Trailer`, for
 * which Node ends the connection without a byte where the body has a length.
 */
const framing: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'trailer'])

/** Headers whose values are lists, or that are sent once for each value. Any other stands once in an answer (RFC 9110 §5.3). */
const lists: ReadonlySet<string> = new Set([
  'accept-ch',
  'accept-patch',
  'accept-post',
  'accept-ranges',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-expose-headers',
  'allow',
  'alt-svc',
  'cache-control',
  'cache-status',
  'cdn-cache-control',
  'clear-site-data',
  'content-security-policy',
  'content-security-policy-report-only',
  'link',
  'permissions-policy',
  'preference-applied',
  'proxy-authenticate',
  'proxy-status',
  'reporting-endpoints',
  'server-timing',
  'set-cookie',
  'vary',
  'via',
  'warning',
  'www-authenticate',
  'x-robots-tag',
])

/**
 * Adds what was named for an answer, and of a header that stands once no second: clients choose between two as they like, and over HTTP/2 Node
 * sends no answer at all. What the API has said stays, or an answer that is passed on from another server would widen CORS and bear the id of
 * another request; of what was named, the last stays.
 */
function addNamed(own: string[], named: readonly string[]): void {
  for (let index = 0; index < named.length; index += 2) {
    const name = named[index] ?? ''
    const lowerCase = name.toLowerCase()
    if (framing.has(lowerCase)) continue
    const isSaid = has(own, lowerCase) || indexOf(named, lowerCase, index + 2) >= 0
    if (!isSaid || lists.has(lowerCase)) own.push(name, named[index + 1] ?? '')
  }
}

function has(flat: readonly string[], lowerCaseName: string): boolean {
  return indexOf(flat, lowerCaseName) >= 0
}
