/**
 * node:http as a host, and a server with time-outs for any of them.
 *
 * @module portcullis/http
 */

import type { Api } from '../lib/api.js'
import type { Class } from '../lib/decorator.js'
import { answerWith, nodeRequest } from './node.js'
import type { NodeIncoming, NodeOutgoing } from './node.js'

export type { NodeIncoming, NodeOutgoing } from './node.js'
export { serve } from './serve.js'
export type { Http2ServeOptions, RunningServer, ServeOptions } from './serve.js'
export type { Http2Limits, RunningHttp2Server } from './serve-http2.js'

/** A listener for `createServer` of node:http, node:https and node:http2, and a middleware for anything that calls `(request, response, next)`. */
export type NodeListener = (request: NodeIncoming, response: NodeOutgoing, next?: (error?: unknown) => void) => void

/**
 * Puts an API behind node:http: `createServer(http(api))`, or node:http2: `createSecureServer({ key, cert, allowHTTP1: true }, http(api))`.
 * Called with a `next`, it leaves requests that are for none of the API's routes to it, untouched; without one it answers them with 404,
 * 405 or 400.
 */
function listener(api: Api): NodeListener {
  return function portcullis(request, response, next) {
    const apiRequest = nodeRequest(request, response)
    const reply = next === undefined ? api.answer(apiRequest) : api.handle(apiRequest)
    if (reply === undefined) next?.()
    else answerWith(request, response, reply)
  }
}

/** One route of the API, for a router of your own: hand in the path's parameters. */
function route(api: Api, controller: Class, member: string) {
  const answer = api.route(controller, member)
  return function portcullisRoute(request: NodeIncoming, response: NodeOutgoing, params: Readonly<Record<string, string>> = {}): void {
    answerWith(request, response, answer(nodeRequest(request, response), params))
  }
}

/** Puts an API behind node:http, `createServer(http(api))`; `http.route` binds one route of it to a router of your own. */
export const http = Object.assign(listener, { route })
