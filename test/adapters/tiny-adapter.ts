import type { Api, ApiRequest, Reply } from 'portcullis'
import type { TinyAnswer, TinyEvent, TinyHandler } from './tiny-framework.js'

/** Puts an API behind the tiny framework: `tiny(portcullis(api), others)`. */
export function portcullis(api: Api, { fallthrough = true } = {}): TinyHandler {
  const answer = fallthrough ? api.handle : api.answer
  return function protectedByPortcullis(event) {
    const reply = answer(toRequest(event))
    return reply === undefined ? undefined : Promise.resolve(reply).then(toAnswer)
  }
}

function toRequest(event: TinyEvent): ApiRequest {
  return {
    method: event.method,
    target: event.target, // as it was sent: not decoded, not resolved
    headers: event.headers,
    rawHeaders: event.rawHeaders, // or [] where the framework keeps none: two of one header are then one
    remoteAddress: event.peer.address, // of the socket, never of a header: that is what trustProxy is for
    encrypted: event.peer.isEncrypted,
    body: event.body, // the bytes, read by nobody before
    get gone() {
      return event.left.aborted
    },
    onGone: (listener) => event.left.addEventListener('abort', listener, { once: true }),
  }
}

function toAnswer({ status, headers, body, closes = false }: Reply): TinyAnswer {
  // A list of pairs, not an object: Set-Cookie may stand there twice.
  const pairs = headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1] ?? ''] as const] : []))
  return { status, headers: pairs, body, isLast: closes }
}
