import type { IncomingHttpHeaders } from 'node:http'
import { constants } from 'node:http2'
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Stream } from 'node:http2'
import { PassThrough, Readable, pipeline } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { letGo } from '../lib/answer.js'
import type { ApiRequest, Reply } from '../lib/context.js'
import { setHeaders, withoutConnectionHeaders } from './headers.js'

/** A request of HTTP/2, as node:http2 gives it to listeners for `(request, response)`. `:authority` is its `Host`. */
export class Http2Request implements ApiRequest {
  readonly method: string
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly remoteAddress: string | undefined
  readonly encrypted: boolean
  readonly hasBody: boolean
  readonly #stream: ServerHttp2Stream
  #body: Readable | undefined

  constructor(
    private readonly request: Http2ServerRequest,
    private readonly parsed: unknown,
    readonly mountPath?: string,
  ) {
    const { stream } = request
    const socket = stream.session?.socket as TLSSocket | undefined
    const authority = request.headers[':authority']
    this.method = request.method
    this.target = request.url
    this.#stream = stream
    this.remoteAddress = socket?.remoteAddress
    this.encrypted = socket?.encrypted === true
    this.hasBody = !stream.endAfterHeaders
    this.headers = headersOf(request.headers, authority)
    this.rawHeaders = rawHeadersOf(request.rawHeaders, authority)
  }

  get body(): Readable {
    // What the host has read already is shown as it is: read to its end.
    if (this.request.readableDidRead && this.#body === undefined) return this.request
    return (this.#body ??= wholeBody(this.request, this.#stream))
  }

  get parsedBody(): unknown {
    return this.request.readableDidRead && this.#body === undefined ? this.parsed : undefined
  }

  get gone(): boolean {
    return this.#stream.closed && !this.#stream.writableFinished
  }

  onGone(listener: () => void): void {
    this.#stream.once('close', () => {
      if (this.#stream.aborted || !this.#stream.writableFinished) listener()
    })
  }
}

function headersOf(headers: Http2ServerRequest['headers'], authority: string | undefined): IncomingHttpHeaders {
  const kept = Object.create(null) as IncomingHttpHeaders
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(':')) kept[name] = value
  }
  if (authority !== undefined) kept.host = authority
  return kept
}

/** A `Host` that says the same as `:authority` is one with it; where they differ there are two, and the API refuses both (RFC 9113 §8.3.1). */
function rawHeadersOf(raw: readonly string[], authority: string | undefined): readonly string[] {
  const kept = authority === undefined ? [] : ['host', authority]
  for (let index = 0; index < raw.length; index += 2) {
    const [name = '', value = ''] = [raw[index], raw[index + 1]]
    const isSaid = name.startsWith(':') || (name === 'host' && value === authority)
    if (!isSaid) kept.push(name, value)
  }
  return kept
}

/**
 * The body as a stream that ends only where the client has ended it. Node's own ends in the same way when the client resets it with
 * NO_ERROR, so that half of `amount=1000` would be taken for the whole.
 */
function wholeBody(request: Http2ServerRequest, stream: ServerHttp2Stream): Readable {
  const whole = new PassThrough()
  if (stream.aborted) return whole.destroy()
  stream.once('aborted', () => whole.destroy())
  return request.pipe(whole)
}

/** Writes a reply out on a stream of HTTP/2. What the client still sends then is not wanted, and it is told so (RFC 9113 §8.1). */
export function sendOverHttp2(request: Http2ServerRequest, response: Http2ServerResponse, { status, headers, body }: Reply): void {
  const { stream } = response
  if (response.headersSent || stream === undefined || stream.destroyed) {
    letGo(body)
    return
  }
  response.statusCode = status
  setHeaders(response, withoutConnectionHeaders(headers))
  refuseRest(request)
  if (!(body instanceof Readable)) {
    if (body === undefined) response.end()
    else response.end(body)
  } else if (request.method === 'HEAD') {
    body.destroy()
    response.end()
  } else {
    response.writeHead(status)
    // A source that breaks off resets the stream: the client sees that this is not the whole answer.
    pipeline(body, stream, () => undefined)
  }
}

/** Ends the stream once the answer is written, where the client has not ended its body by then. */
export function refuseRest(request: Http2ServerRequest): void {
  const { stream } = request
  if (stream.endAfterHeaders) return
  // Of the stream, not of the response: that has finished when the stream is closed, which a client that goes on sending can put off at will, and
  // hold one of the streams that its connection may have.
  stream.once('finish', () => {
    if (stream.readableEnded) return
    stream.close(constants.NGHTTP2_NO_ERROR)
    // What has come and was not read would keep the closed stream in memory.
    request.unpipe().resume()
  })
}
