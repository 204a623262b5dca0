import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import { isBodiless } from '../lib/answer.js'
import type { ApiRequest, Reply } from '../lib/context.js'
import { withoutConnectionHeaders } from './headers.js'
import { Http2Request } from './http2.js'
import { isEncrypted, isHttp2 } from './node.js'
import type { NodeIncoming } from './node.js'
import { onceClosed } from './when-over.js'

/** What a host of Fetch knows of the connection that a request came on. */
export interface FetchConnection {
  /** The address of the connection's other end; undefined where the host does not tell, and all clients are then one. */
  readonly remoteAddress: string | undefined
  /** Whether the connection speaks TLS. @default whether the request's URL begins with `https:` */
  readonly encrypted?: boolean
  /**
   * The request target as it was sent (`/orders?page=2`), where the host can still tell. Without it the target is that of the request's URL, in
   * which dot segments are resolved already, and whose host must be the one that `Host` names.
   */
  readonly target?: string
  /** Names and values as they were sent, in turn, where the host can still tell: `Headers` joins what was sent twice. */
  readonly rawHeaders?: readonly string[]
  /** The path that the host has taken off the front of the target, where the API is mounted under one. */
  readonly mountPath?: string
  /** Whether the connection is closed, where the signal of the `Request` may not tell: on Node, of requests that wait behind another. */
  readonly isClosed?: () => boolean
  /** Calls `listener` when it closes; what it returns calls that off. */
  readonly onClose?: (listener: () => void) => () => void
}

/**
 * The connection of a request that a host took from Node's own, as it was sent, dot segments and duplicate headers included:
 * `connection: (_request, env) => nodeConnection(env.incoming)` behind Hono on Node.
 */
export function nodeConnection(incoming: NodeIncoming): FetchConnection {
  if (isHttp2(incoming)) {
    const { remoteAddress, encrypted, target, rawHeaders } = new Http2Request(incoming, undefined)
    return { remoteAddress, encrypted, target, rawHeaders }
  }
  const { socket, url = '', rawHeaders } = incoming
  return {
    ...{ remoteAddress: socket.remoteAddress, encrypted: isEncrypted(socket), target: url, rawHeaders },
    isClosed: () => socket.destroyed,
    onClose: (listener) => onceClosed(socket, listener),
  }
}

/** A request of Fetch, as the adapter hands it in. */
export class FetchRequest implements ApiRequest {
  readonly method: string
  readonly target: string
  readonly mountPath: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly remoteAddress: string | undefined
  readonly encrypted: boolean
  #isAnswered = false
  #body: Readable | undefined
  #isLeft = false
  readonly #goneListeners: Array<() => void> = []
  #stopListening: (() => void) | undefined

  constructor(
    private readonly request: Request,
    private readonly connection: FetchConnection,
  ) {
    // Where Host is no host, some runtimes hand out a URL that is none: a path alone, or one that cannot be read.
    const url = URL.canParse(request.url) ? new URL(request.url) : undefined
    this.method = request.method
    this.mountPath = connection.mountPath
    this.remoteAddress = connection.remoteAddress
    this.encrypted = connection.encrypted ?? url?.protocol === 'https:'
    this.headers = headersOf(request.headers, url?.host)
    this.rawHeaders = connection.rawHeaders ?? separated(this.headers)
    this.target = connection.target ?? (url === undefined ? request.url : targetOf(url, request.url, this.headers.host))
  }

  get hasBody(): boolean {
    return this.request.body !== null
  }

  get body(): Readable {
    return (this.#body ??= bodyOf(this.request))
  }

  get gone(): boolean {
    return this.#isLeft || (!this.#isAnswered && (this.request.signal.aborted || this.connection.isClosed?.() === true))
  }

  onGone(listener: () => void): void {
    this.#goneListeners.push(listener)
    if (this.#goneListeners.length > 1) return
    const leave = () => this.leave()
    this.request.signal.addEventListener('abort', leave, { once: true })
    this.#stopListening = this.connection.onClose?.(leave)
  }

  /** The client has left, as its signal says or the stream that it no longer reads. */
  leave(): void {
    if (this.#isAnswered) return
    this.#isLeft = true
    for (const listener of this.#goneListeners.splice(0)) listener()
  }

  /** The host has taken the answer, to its end: what is said of the connection then is no news of the client. */
  answered(): void {
    this.#isAnswered = true
    this.#stopListening?.()
  }

  /** Lets go of a body that was not read to its end. */
  release(): void {
    this.#body?.destroy()
  }
}

function headersOf(headers: Headers, host: string | undefined): IncomingHttpHeaders {
  const own = Object.create(null) as IncomingHttpHeaders
  for (const [name, value] of headers) own[name] = value
  if (own.host === undefined && host !== undefined) own.host = host
  return own
}

/** Headers of which there is one, and in which no comma can stand outside quotes. */
const single: ReadonlySet<string> = new Set(['host', 'content-type', 'content-length', 'transfer-encoding', 'expect'])
const unquotedComma = /,(?=(?:[^"]*"[^"]*")*[^"]*$)/
/** Where a second set of credentials begins: one set may hold commas too, between its parameters. */
const nextCredentials = /,(?=\s*[A-Za-z][\w-]*\s+[^\s=,])/

/** What `Headers` has joined, taken apart again where one value cannot be what was sent: the API then sees that there were two. */
function separated(headers: IncomingHttpHeaders): readonly string[] {
  return Object.entries(headers).flatMap(([name, value = '']) => {
    const text = String(value)
    const seam = single.has(name) ? unquotedComma : name === 'authorization' ? nextCredentials : undefined
    const values = seam === undefined || !text.includes(',') ? [text] : text.split(seam)
    return values.flatMap((one) => [name, one.trim()])
  })
}

/** The target in the form that says all: absolute, where the URL and `Host` name two hosts, for the API to refuse. */
function targetOf(url: URL, written: string, host: string | undefined): string {
  // In its text, not by its parts: a fragment, which nobody may send, must not get lost.
  const afterScheme = written.indexOf('//') + 2
  const path = written.slice(afterScheme).search(/[/?#]/)
  const rest = path < 0 ? '/' : written.slice(afterScheme + path)
  return isSameHost(url, host) ? rest : `${url.protocol}//${url.host}${rest}`
}

function isSameHost(url: URL, host: string | undefined): boolean {
  if (host === undefined || host.toLowerCase() === url.host) return true
  const named = `${url.protocol}//${host}/`
  // A default port may be named or not.
  return URL.canParse(named) && new URL(named).host === url.host
}

function bodyOf({ body, bodyUsed }: Request): Readable {
  if (body === null) return Readable.from([])
  if (bodyUsed || body.locked) return spent()
  return Readable.fromWeb(body)
}

/** Stands for a body that something else has read: the API must not take it for an empty one. */
function spent(): Readable {
  const stream = Readable.from(['read'])
  stream.read()
  return Object.defineProperty(stream, 'readableDidRead', { value: true })
}

/** The reply as a host of Fetch sends it. */
export async function toResponse(request: FetchRequest, made: Reply | PromiseLike<Reply>): Promise<Response> {
  const { status, headers, body, closes } = await made
  request.release()
  const own = new Headers()
  const kept = [...withoutConnectionHeaders(headers), ...(closes === true ? ['Connection', 'close'] : [])]
  for (let index = 0; index < kept.length; index += 2) own.append(kept[index] ?? '', kept[index + 1] ?? '')
  // A host may never look at the answer to a client that has left.
  const isUnsent = request.method === 'HEAD' || isBodiless(status) || request.gone
  if (!isUnsent && body instanceof Readable) return new Response(streamOf(request, body), { status, headers: own })
  request.answered()
  if (!isUnsent) return new Response(body as string | Uint8Array<ArrayBuffer> | undefined, { status, headers: own })
  return new Response(body instanceof Readable ? unsent(body, status) : null, { status, headers: own })
}

/** Stands for a stream that is not sent, as none is to HEAD: of no body at all, hosts say that its length is 0 (RFC 9110 §8.6 forbids it). */
function unsent(body: Readable, status: number): ReadableStream | null {
  body.destroy()
  if (isBodiless(status)) return null
  return new ReadableStream({ pull: (controller) => controller.close() }, { highWaterMark: 0 })
}

/** Hands the answer's bytes on as the client takes them, and no sooner. */
function streamOf(request: FetchRequest, body: Readable): ReadableStream<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<string | Uint8Array>
  // Behind Node a host may wait for ever to write on, and never say that it will not.
  request.onGone(() => body.destroy())
  const source = {
    async pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      const { done, value } = await chunks.next()
      if (done !== true) {
        controller.enqueue(typeof value === 'string' ? Buffer.from(value) : value)
        return
      }
      request.answered()
      controller.close()
    },
    cancel() {
      request.leave()
      body.destroy()
    },
  }
  return new ReadableStream(source, { highWaterMark: 0 })
}
