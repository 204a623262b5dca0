import { http } from '../../../adapters/http.js'
import type { NodeIncoming, NodeOutgoing } from '../../../adapters/http.js'
import type { Api } from '../../../lib/index.js'

/** What is used of Hapi's request and toolkit. */
export interface HapiRequest {
  readonly raw: { readonly req: NodeIncoming; readonly res: NodeOutgoing }
}
export interface Toolkit {
  readonly continue: symbol
  readonly abandon: symbol
}

/** Puts an API behind Hapi: `server.ext('onRequest', hapi(api))`, before Hapi reads anything of a request. */
export function hapi(api: Api, { fallthrough = true } = {}) {
  const listener = http(api)
  return function portcullis({ raw }: HapiRequest, toolkit: Toolkit): symbol {
    let isLeft = false
    // Called at once, or never.
    listener(raw.req, raw.res, fallthrough ? () => (isLeft = true) : undefined)
    if (isLeft) return toolkit.continue
    // Hapi listens for these, so that Node leaves them alone, and would answer them when it reads a body itself.
    if (raw.req.headers.expect?.toLowerCase() === '100-continue') raw.res.writeContinue()
    return toolkit.abandon
  }
}
