import type { ApiRequest } from '../context.js'
import type { RouteDecorator } from '../decorator.js'
import { MalformedRequest, PayloadTooLarge } from '../errors.js'
import type { Mistake } from '../errors.js'
import type { Exchange } from '../exchange.js'
import { kind } from '../policy.js'
import { requireClean } from '../poison.js'
import type { Policy } from '../policy.js'
import type { Protection, RouteSetup } from '../protection.js'
import { parseForm } from './form.js'
import { inflateWithin, inflaterOf } from './inflate.js'
import { parseJson, requireFinite, utf8 } from './json.js'
import { bodyFormats, mediaTypeOf, requireFormat } from './media-type.js'
import type { BodyFormat } from './media-type.js'
import { readBytes } from './read.js'
import type { Expected } from './read.js'
import { toBytes } from '../byte-size.js'
import type { ByteSize } from '../byte-size.js'

/** How bodies are read. */
export interface BodyOptions {
  /** The largest body, as sent and as inflated. @default 100,000 bytes */
  readonly limit?: ByteSize
  /** The deepest nesting of JSON. @default 32 */
  readonly depth?: number
}

/** How the bodies of one route are read. */
interface Reading {
  readonly limit: number
  readonly depth: number
  readonly format: BodyFormat
}

const defaultLimit = 100_000
const defaultDepth = 32
const limitKind = kind<ByteSize>('BodyLimit')
const formatKind = kind<BodyFormat>('Consumes')

/** How large the body may be, as sent and as inflated. Nearest wins. @default the API's, 100,000 bytes */
export function BodyLimit(limit: ByteSize): RouteDecorator {
  return limitKind.declare(limit)
}

/**
 * Reads `application/x-www-form-urlencoded` (`'form'`) instead of JSON. Nearest wins. For a class of rules its texts are converted as those
 * of a query are, and a name that a list is declared for may come once or often.
 */
export function Consumes(format: BodyFormat): RouteDecorator {
  return formatKind.declare(format)
}

/**
 * Reads, limits, inflates and parses the body of routes that want one, for validation to check. A route that wants none
 * never parses what is sent to it.
 */
export function bodyReading(options: BodyOptions & { readonly wanted: (policy: Policy) => boolean }): Protection {
  return {
    name: 'body',
    phase: 'input',
    compile(route) {
      const limit = limitOf(route, options.limit ?? defaultLimit)
      if (!options.wanted(route.policy)) {
        return function refuseLargeBody({ request }) {
          requireLength(request, limit)
        }
      }
      const format = formatOf(route)
      const reading = { limit, depth: options.depth ?? defaultDepth, format }
      route.describe('body', { limit, format })
      return function readBody(exchange) {
        return read(exchange, reading)
      }
    },
    document(route, operation) {
      const limit = limitOf(route, options.limit ?? defaultLimit)
      operation.refusal({ status: 413, code: 'payload-too-large' })
      if (!options.wanted(route.policy)) return
      operation.body({ mediaType: mediaTypeOf(formatOf(route)) })
      operation.note(`Its body may have at most ${limit} bytes.`)
      operation.extension('x-body-limit', limit)
      operation.refusal({ status: 408, code: 'request-timeout' })
      operation.refusal({ status: 415, code: 'unsupported-media-type', headers: { Accept: acceptHeader } })
    },
  }
}

const acceptHeader = { description: 'The media type that is read.', schema: { type: 'string' } }

const mendSize = "write bytes, or such as '100kb' and '1mb'"

/** What is wrong with the options. */
export function bodyMistakes({ limit = defaultLimit, depth = defaultDepth }: BodyOptions): readonly Mistake[] {
  const mistakes: Mistake[] = []
  if (toBytes(limit) === undefined) mistakes.push({ place: 'body.limit', problem: `${JSON.stringify(limit)} is no size`, mend: mendSize })
  if (!Number.isInteger(depth) || depth < 1) {
    mistakes.push({ place: 'body.depth', problem: `${depth} is no number of levels`, mend: 'write a whole number from 1, such as 32' })
  }
  return mistakes
}

function limitOf(route: RouteSetup, fallback: ByteSize): number {
  const declared = route.policy.nearest(limitKind)
  const limit = toBytes(declared ?? fallback)
  if (limit === undefined && declared !== undefined) route.mistake(`the body limit ${JSON.stringify(declared)} is no size`, mendSize)
  return limit ?? defaultLimit
}

/** Whether the bodies of a route are forms, whose values are texts. */
export function readsForms(policy: Policy): boolean {
  return policy.nearest(formatKind) === 'form'
}

function formatOf(route: RouteSetup): BodyFormat {
  const format = route.policy.nearest(formatKind) ?? 'json'
  if (bodyFormats.includes(format)) return format
  route.mistake(`bodies cannot be read as ${JSON.stringify(format)}`, `write ${bodyFormats.map((one) => `'${one}'`).join(' or ')}`)
  return 'json'
}

function read(exchange: Exchange, reading: Reading): void | Promise<void> {
  const { request } = exchange
  const announced = requireLength(request, reading.limit)
  if (announced === 0 || (announced === undefined && !isUnmeasured(request))) return undefined
  // What the host has parsed was there.
  if (request.parsedBody !== undefined || !isPerhapsNone(request)) requireFormat(request.headers['content-type'], reading.format)
  if (request.parsedBody !== undefined) {
    exchange.rawBody = adopt(request.parsedBody, reading)
    return undefined
  }
  if (request.body.readableDidRead) throw new TypeError(blind)
  return readStream(exchange, reading, announced)
}

/** Whether a body comes whose length nobody has announced. */
function isUnmeasured({ hasBody, headers }: ApiRequest): boolean {
  return hasBody === true || headers['transfer-encoding'] !== undefined
}

/** Whether no header says a word of a body: some hosts hand in a stream for every POST, and it is empty where none was sent. */
function isPerhapsNone({ headers }: ApiRequest): boolean {
  return headers['content-length'] === undefined && headers['transfer-encoding'] === undefined && headers['content-type'] === undefined
}

const blind =
  'a middleware read the body before Portcullis and left nothing of it: run Portcullis before it, or have it leave the parsed body in request.body'

/** The announced length, which must be a number within the limit. */
function requireLength({ headers }: ApiRequest, limit: number): number | undefined {
  const text = headers['content-length']
  if (text === undefined) return undefined
  if (!/^\d{1,15}$/.test(text)) throw new MalformedRequest('Content-Length is no number.', { reason: 'content-length', closes: true })
  const length = Number(text)
  if (length > limit) throw new PayloadTooLarge(limit)
  return length
}

function readStream(exchange: Exchange, reading: Reading, announced: number | undefined): Promise<void> {
  const { request } = exchange
  const inflate = inflaterOf(request.headers['content-encoding'])
  // Where both are let in, it is the coding that frames the body (RFC 9112 §6.3).
  const length = request.headers['transfer-encoding'] === undefined ? announced : undefined
  const expected: Expected = {
    limit: reading.limit,
    announced: length,
    // Lets the deadline know that it is the client who is slow, for as long as that is so.
    onWait: () => (exchange.reading = true),
  }
  return readBytes(request.body, expected, (sent) => {
    exchange.reading = false
    if (sent instanceof Error) throw sent
    if (inflate === undefined) return parseBytes(exchange, sent, reading)
    return inflateWithin(inflate, sent, reading.limit).then((bytes) => parseBytes(exchange, bytes, reading))
  })
}

function parseBytes(exchange: Exchange, bytes: Buffer, { depth, format }: Reading): void {
  const { request } = exchange
  if (bytes.length === 0) return
  if (isPerhapsNone(request)) requireFormat(request.headers['content-type'], format)
  exchange.rawBody = parse(utf8(bytes), depth, format)
}

function parse(text: string, depth: number, format: BodyFormat): unknown {
  return format === 'json' ? parseJson(text, depth) : parseForm(text)
}

/** What the host's own parser made of the body: limited and cleaned as if we had read it. */
function adopt(parsed: unknown, { limit, depth, format }: Reading): unknown {
  if (typeof parsed === 'string' || parsed instanceof Uint8Array) {
    const bytes = Buffer.from(parsed as string)
    if (bytes.length > limit) throw new PayloadTooLarge(limit)
    return bytes.length === 0 ? undefined : parse(utf8(bytes), depth, format)
  }
  requireClean(parsed, depth)
  requireFinite(parsed)
  const text = JSON.stringify(parsed) ?? ''
  // What was inflated before us may be larger than the announced length.
  if (Buffer.byteLength(text) > limit) throw new PayloadTooLarge(limit)
  // Read again: a parser can leave inherited members behind, which are not there when one looks for them and are when one reads them.
  return text === '' ? undefined : (JSON.parse(text) as unknown)
}
