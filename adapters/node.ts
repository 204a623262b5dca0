import { STATUS_CODES, ServerResponse } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Server, Socket } from 'node:net'
import { Readable, pipeline } from 'node:stream'
import { discard } from '../lib/body/discard.js'
import type { ApiRequest, Reply } from '../lib/context.js'

/** A request of node:http, as every adapter on top of it hands it in. */
export class NodeRequest implements ApiRequest {
  readonly method: string
  readonly target: string
  readonly headers: IncomingHttpHeaders

  constructor(
    readonly body: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly parsed: unknown,
    readonly mountPath?: string,
  ) {
    this.method = body.method ?? ''
    this.target = body.url ?? ''
    this.headers = body.headers
  }

  get rawHeaders(): readonly string[] {
    return this.body.rawHeaders
  }

  get remoteAddress(): string | undefined {
    return this.body.socket.remoteAddress
  }

  get encrypted(): boolean {
    return (this.body.socket as Socket & { readonly encrypted?: boolean }).encrypted === true
  }

  /** A body parser of the host leaves its result on requests whose body it never read: only a read body counts. */
  get parsedBody(): unknown {
    return this.body.readableDidRead ? this.parsed : undefined
  }

  get gone(): boolean {
    return this.response.closed && !this.response.writableFinished
  }

  get closing(): boolean {
    return (this.body.socket as Socket & { readonly server?: Server }).server?.listening === false
  }

  onGone(listener: () => void): void {
    this.response.once('close', () => {
      if (!this.response.writableFinished) listener()
    })
  }
}

/** Writes the reply out when it is made. A reply that cannot be written ends the connection: half an answer is none. */
export function answerWith(request: IncomingMessage, response: ServerResponse, reply: Promise<Reply>): void {
  const give = (made: Reply) => {
    try {
      send(request, response, made)
    } catch {
      response.destroy()
    }
  }
  void reply.then(give, () => response.destroy())
}

/** Writes a reply out. Where a middleware of the host listens in on headers (compression does), it gets to see them. */
function send(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  if (response.headersSent || response.destroyed) return
  const { status, headers, body } = reply
  if (isLastWord(request, reply)) {
    sayLastWord(request, response, reply)
    return
  }
  if (response.writeHead === ServerResponse.prototype.writeHead && response.getHeaderNames().length === 0) {
    response.writeHead(status, STATUS_CODES[status], headers as string[])
  } else {
    response.statusCode = status
    setHeaders(response, headers)
  }
  discardRest(request, response)
  if (body instanceof Readable) stream(request, body, response)
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

/** Sets headers one by one, keeping those that are named twice and what the host said in `Vary`. */
export function setHeaders(response: ServerResponse, headers: readonly string[]): void {
  for (const name of ['X-Powered-By', 'Server']) response.removeHeader(name)
  const named = new Map<string, { name: string; values: string[] }>()
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? ''
    const entry = named.get(name.toLowerCase()) ?? { name, values: [] }
    entry.values.push(headers[index + 1] ?? '')
    named.set(name.toLowerCase(), entry)
  }
  for (const [key, { name, values }] of named) {
    if (key === 'vary') response.setHeader(name, joined(response.getHeader(name), values))
    else response.setHeader(name, values.length === 1 ? (values[0] ?? '') : values)
  }
}

function joined(before: number | string | string[] | undefined, values: readonly string[]): string {
  return [before ?? [], values].flat().join(', ')
}

/** What is left of a body that nobody wanted is taken, up to a bound, so that the connection can be used again. */
export function discardRest(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return
  // Most bodies come with their headers, and Node drops them: by then there is nothing left to bound.
  setImmediate(() => {
    if (request.complete) return
    if (response.writableFinished) discard(request)
    else response.once('finish', () => discard(request))
  })
}

function stream(request: IncomingMessage, body: Readable, response: ServerResponse): void {
  if (request.method === 'HEAD') {
    body.destroy()
    response.end()
    return
  }
  // A source that breaks off, or a client that leaves: the pipeline has destroyed both ends, and the status is sent already.
  pipeline(body, response, () => undefined)
}
