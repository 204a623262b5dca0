import { fetchHandler, nodeConnection } from '../../../adapters/fetch.js'
import type { NodeIncoming } from '../../../adapters/http.js'
import type { Api } from '../../../lib/index.js'

/** What is used of an event of h3 on Node. */
export interface Event {
  readonly req: Request
  readonly runtime: { readonly node: { readonly req: NodeIncoming } }
}

/** Puts an API behind h3: `app.use(h3(api))`, before every other middleware. */
export function h3(api: Api, { fallthrough = true } = {}) {
  const connection = (_request: Request, event: Event) => nodeConnection(event.runtime.node.req)
  const handler = fallthrough ? fetchHandler(api, { connection, fallthrough }) : fetchHandler(api, { connection })
  return function portcullis(event: Event, next: () => unknown) {
    return handler(event.req, event) ?? next()
  }
}
