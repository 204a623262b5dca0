import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Server, Socket } from 'node:net'
import { Readable, Writable, pipeline } from 'node:stream'
import { letGo } from '../lib/answer.js'
import { discard } from '../lib/body/discard.js'
import type { ApiRequest, Reply } from '../lib/context.js'
import { LateReply } from '../lib/late-reply.js'
import { isPromiseLike } from '../lib/promise.js'
import { nextTick, setImmediate } from '../lib/turns.js'
import { hasNodesEnd, hasNodesWrite, isUnwatched, writeHead } from './head.js'
import { setHeaders } from './headers.js'
import { Http2Request, sendOverHttp2 } from './http2.js'
import { whenOver } from './when-over.js'

/** A request of Node's, over HTTP/1.1 or HTTP/2. */
export type NodeIncoming = IncomingMessage | Http2ServerRequest
/** The response to it. */
export type NodeOutgoing = ServerResponse | Http2ServerResponse

/** What the host has made of the request before us. */
export interface HostRequest {
  /** What its body parser left of the body. */
  readonly parsed?: unknown
  /** What it has taken off the front of the target. */
  readonly mountPath?: string | undefined
}

/** A request of Node's, as every adapter on top of it hands it in. */
export function nodeRequest(request: NodeIncoming, response: NodeOutgoing, { parsed, mountPath }: HostRequest = {}): ApiRequest {
  return isHttp2(request)
    ? new Http2Request(request, parsed, mountPath)
    : new NodeRequest(request, response as ServerResponse, parsed, mountPath)
}

export function isHttp2(request: NodeIncoming): request is Http2ServerRequest {
  return request.httpVersionMajor === 2
}

/** Connections on which a request has come that is framed in a way which other servers may not understand. */
const unframed = new WeakSet<Socket>()
/** Nearly always there is none, and none needs to be looked for. */
let isAnyUnframed = false

class NodeRequest implements ApiRequest {
  // Each is read once: a host that changes the prototype of its requests, as Express does, leaves objects on which to look costs much.
  readonly method: string
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly #socket: Socket & { readonly server?: Server }
  /** Node reads on before that request is refused: what is smuggled behind it must be refused too. */
  readonly isUnframed: boolean

  constructor(
    readonly body: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly parsed: unknown,
    readonly mountPath: string | undefined,
  ) {
    this.method = body.method ?? ''
    this.target = body.url ?? ''
    this.headers = body.headers
    this.rawHeaders = body.rawHeaders
    this.#socket = body.socket
    this.isUnframed = isAnyUnframed && unframed.has(this.#socket)
    const coding = this.headers['transfer-encoding']
    if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
      unframed.add(this.#socket)
      isAnyUnframed = true
    }
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress
  }

  get encrypted(): boolean {
    return isEncrypted(this.#socket)
  }

  /** A body parser of the host leaves its result on requests whose body it never read: only a read body counts. */
  get parsedBody(): unknown {
    return this.parsed !== undefined && this.body.readableDidRead ? this.parsed : undefined
  }

  get gone(): boolean {
    // The response tells it alone whose turn it is: others were sent together with it, and wait.
    return (this.response.closed || this.#socket.destroyed) && !this.response.writableFinished
  }

  get closing(): boolean {
    return this.#socket.server?.listening === false
  }

  onGone(listener: () => void): void {
    whenOver(this.body, this.response, () => {
      if (!this.response.writableFinished) listener()
    })
  }
}

/** Whether what comes over this socket comes over TLS. */
export function isEncrypted(socket: Socket & { readonly encrypted?: boolean }): boolean {
  return socket.encrypted === true
}

/** Node listens for the end of each answer itself: to go on with the connection. */
export const nodesListeners = 1

/**
 * Writes the reply out when it is made, and all requests that came with this one were read: a processor that goes to and fro between reading
 * and writing has neither at hand, and takes up to half as long again. A reply that cannot be written ends the connection: half an answer is none.
 *
 * @param finishListeners how many listen for the end of an answer by themselves: Node does, and some hosts
 */
export function answerWith(
  request: NodeIncoming,
  response: NodeOutgoing,
  reply: Reply | PromiseLike<Reply>,
  finishListeners = nodesListeners,
): void {
  // Bodies are handed on together: their answers follow them at once.
  if (reply instanceof LateReply) reply.whenMade((made) => nextTick(give, request, response, made, finishListeners))
  else if (isPromiseLike(reply)) {
    void reply.then(
      (made) => give(request, response, made, finishListeners),
      () => void response.destroy(),
    )
  } else setImmediate(give, request, response, reply, finishListeners)
}

function give(request: NodeIncoming, response: NodeOutgoing, reply: Reply, finishListeners: number): void {
  try {
    if (isHttp2(request)) sendOverHttp2(request, response as Http2ServerResponse, reply)
    else send(request, response as ServerResponse, reply, finishListeners)
  } catch {
    letGo(reply.body)
    response.destroy()
  }
}

/** Writes a reply out. Where a middleware of the host listens in on headers (compression does), it gets to see them. */
function send(request: IncomingMessage, response: ServerResponse, reply: Reply, finishListeners: number): void {
  const { body, isAscii } = reply
  if (response.headersSent || response.destroyed) {
    letGo(body)
    return
  }
  if (isLastWord(request, reply)) {
    sayLastWord(request, response, reply)
    return
  }
  if (isUnwatched(request, response, finishListeners)) writeHead(request, response, reply)
  else {
    response.statusCode = reply.status
    setHeaders(response, reply.headers)
    // What a wrapper of the host's throws must be thrown in here: where a stream writes, nobody would catch it.
    if (body instanceof Readable) response.flushHeaders()
  }
  discardRest(request, response)
  if (body instanceof Readable) stream(request, body, response)
  // Node would count the bytes of each character once more. A wrapper of the host's may put in others, and must not be told this.
  else if (isAscii === true && hasNodesEnd(response)) response.end(body, 'latin1')
  else response.end(body)
}

/** Whether the connection is to end though the client still sends. */
export function isLastWord(request: IncomingMessage, { closes }: Reply): boolean {
  return closes === true && !request.complete
}

/**
 * Answers a client that still sends, and ends the connection when it has stopped: ended at once, the connection would be
 * reset, and the client would never read why.
 */
export function sayLastWord(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Reply): void {
  response.statusCode = status
  setHeaders(response, headers)
  response.write(body ?? '')
  discard(request, () => response.end())
}

/** What is left of a body that nobody wanted is taken when the answer is sent, up to a bound, so that the connection can be used again. */
export function discardRest(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return
  // Before Node's own listener, which drops the rest of a body that nobody has begun to read: unseen, and without a bound.
  response.prependOnceListener('finish', () => {
    if (request.complete) return
    if (request.readableFlowing === null) request.read()
    discard(request)
  })
}

function stream(request: IncomingMessage, body: Readable, response: ServerResponse): void {
  if (request.method === 'HEAD') {
    body.destroy()
    response.end()
    return
  }
  // A source that breaks off, or a client that leaves: the pipeline has destroyed both ends, and the status is sent already.
  pipeline(body, hasNodesWrite(response) && hasNodesEnd(response) ? response : guarded(response), () => undefined)
  whenOver(request, response, () => body.destroy())
}

/** An answer behind methods that a host has put into the place of Node's: what they throw ends it. Piped to them, it would end the process. */
function guarded(response: ServerResponse): Writable {
  let goOn: (() => void) | undefined
  const guard = new Writable({
    write(chunk, _encoding, done) {
      try {
        if (response.write(chunk)) done()
        else goOn = done
      } catch (thrown) {
        done(thrown as Error)
      }
    },
    final(done) {
      try {
        response.end()
        done()
      } catch (thrown) {
        done(thrown as Error)
      }
    },
    destroy(error, done) {
      if (error !== null) response.destroy()
      done(error)
    },
  })
  response.on('drain', () => {
    const waiting = goOn
    goOn = undefined
    waiting?.()
  })
  response.once('close', () => guard.destroy())
  return guard
}
