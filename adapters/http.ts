/**
 * node:http as a host, and a server with time-outs for any of them.
 *
 * @module portcullis/http
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Api } from '../lib/api.js'
import type { Class } from '../lib/decorator.js'
import { NodeRequest, answerWith } from './node.js'

export { serve } from './serve.js'
export type { RunningServer, ServeOptions } from './serve.js'

/** A listener for `createServer`, and a middleware for anything that calls `(request, response, next)`. */
export type NodeListener = (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => void

/**
 * Puts an API behind node:http: `createServer(http(api))`. Called with a `next`, it leaves requests that are for none of
 * the API's routes to it, untouched; without one it answers them with 404, 405 or 400.
 */
function listener(api: Api): NodeListener {
  return function portcullis(request, response, next) {
    const apiRequest = new NodeRequest(request, response, undefined)
    const reply = next === undefined ? api.answer(apiRequest) : api.handle(apiRequest)
    if (reply === undefined) next?.()
    else answerWith(request, response, reply)
  }
}

/** One route of the API, for a router of your own: hand in the path's parameters. */
function route(api: Api, controller: Class, member: string) {
  const answer = api.route(controller, member)
  return function portcullisRoute(request: IncomingMessage, response: ServerResponse, params: Readonly<Record<string, string>> = {}): void {
    answerWith(request, response, answer(new NodeRequest(request, response, undefined), params))
  }
}

/** Puts an API behind node:http, `createServer(http(api))`; `http.route` binds one route of it to a router of your own. */
export const http = Object.assign(listener, { route })
