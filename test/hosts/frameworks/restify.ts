import { http } from '../../../adapters/http.js'
import type { NodeListener } from '../../../adapters/http.js'
import type { Api } from '../../../lib/index.js'

/** Puts an API behind Restify: `server.pre(restify(api))`, before Restify routes or reads anything of a request. */
export function restify(api: Api, { fallthrough = true } = {}): NodeListener {
  const listener = http(api)
  // Restify counts the parameters of a handler: it must have three.
  return (request, response, next) => listener(request, response, fallthrough ? next : undefined)
}
