/**
 * Express 4 and 5 as hosts.
 *
 * @module portcullis/express
 */

import type { Request, RequestHandler, Response } from 'express'
import type { Api } from '../lib/api.js'
import type { ApiRequest } from '../lib/context.js'
import type { Class } from '../lib/decorator.js'
import { answerWith, nodeRequest } from './node.js'

/** How the API shares the host with other routes. */
export interface ExpressOptions {
  /** Whether requests for none of the API's routes go on to the next handler; otherwise they are answered with 404, 405 or 400. @default true */
  readonly fallthrough?: boolean
}

/** Puts an API behind Express 4 or 5: `app.use(express(api))`, under a mount path too. */
function middleware(api: Api, options: ExpressOptions = {}): RequestHandler {
  const answer = (options.fallthrough ?? true) ? api.handle : api.answer
  return function portcullis(request, response, next) {
    const reply = answer(apiRequest(request, response))
    if (reply === undefined) next()
    else answerWith(request, response, reply)
  }
}

/** One route of the API, as the handler of a route of the app: `app.post('/orders', express.route(api, OrdersController, 'create'))`. */
function route(api: Api, controller: Class, member: string): RequestHandler {
  const answer = api.route(controller, member)
  return function portcullisRoute(request, response) {
    const params = request.params as Record<string, string>
    answerWith(request, response, answer(apiRequest(request, response), params))
  }
}

function apiRequest(request: Request, response: Response): ApiRequest {
  return nodeRequest(request, response, { parsed: request.body, mountPath: request.baseUrl })
}

/** Puts an API behind Express 4 or 5, `app.use(express(api))`; `express.route` binds one route of it to a path of the app. */
export const express = Object.assign(middleware, { route })
