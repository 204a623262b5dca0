import type { IncomingHttpHeaders, RequestListener, ServerResponse } from 'node:http'
import { Readable, pipeline } from 'node:stream'
import { whenOver } from '../../adapters/when-over.js'

/** What a handler of the framework gets. */
export interface TinyEvent {
  readonly method: string
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: Readable
  readonly peer: { readonly address: string | undefined; readonly isEncrypted: boolean }
  /** Aborts when the client leaves before it has its answer. */
  readonly left: AbortSignal
}

export interface TinyAnswer {
  readonly status: number
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly body: string | Uint8Array | Readable | undefined
  /** Whether the connection ends with it. */
  readonly isLast: boolean
}

/** Undefined hands the event on to the next handler. */
export type TinyHandler = (event: TinyEvent) => Promise<TinyAnswer> | undefined

/** A framework of one function, as small as one can be that leaves nothing to its handlers but to answer. */
export function tiny(...handlers: readonly TinyHandler[]): RequestListener {
  return function listener(request, response) {
    const left = new AbortController()
    whenOver(request, response, () => {
      if (!response.writableFinished) left.abort()
    })
    const { method = '', url: target = '', headers, rawHeaders, socket } = request
    const peer = { address: socket.remoteAddress, isEncrypted: 'encrypted' in socket }
    const event: TinyEvent = { method, target, headers, rawHeaders, body: request, peer, left: left.signal }
    for (const handler of handlers) {
      const answer = handler(event)
      if (answer === undefined) continue
      void answer.then((made) => write(event, response, made))
      return
    }
  }
}

function write({ method, body: rest, left }: TinyEvent, response: ServerResponse, { status, headers, body, isLast }: TinyAnswer): void {
  response.writeHead(status, headers.flat())
  if (body instanceof Readable && left.aborted) body.destroy()
  else if (body instanceof Readable) left.addEventListener('abort', () => body.destroy())
  if (body instanceof Readable && method !== 'HEAD') pipeline(body, response, () => undefined)
  else if (body instanceof Readable) response.end(() => body.destroy())
  else if (!isLast || rest.readableEnded) response.end(body)
  else {
    response.write(body ?? '')
    rest.once('end', () => response.end())
  }
  rest.on('error', () => undefined).resume()
}
