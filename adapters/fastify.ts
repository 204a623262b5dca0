/**
 * Fastify 5 as a host.
 *
 * @module portcullis/fastify
 */

import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import type { Api } from '../lib/api.js'
import type { ApiRequest } from '../lib/context.js'
import type { Class } from '../lib/decorator.js'
import { answerWith, nodeRequest } from './node.js'

/** How the API shares the host with other routes. */
export interface FastifyOptions {
  /** Whether requests for none of the API's routes go on to Fastify's own; otherwise they are answered with 404, 405 or 400. @default true */
  readonly fallthrough?: boolean
}

/**
 * Puts an API in front of Fastify 5: `await app.register(fastify(api))`, on the app itself and before any other plug-in that adds hooks. The
 * API answers before Fastify parses bodies and without Fastify's serialisers; hooks of `onRequest` that were added earlier run before it, and
 * no later hook but `onResponse` runs for what it answers.
 */
function plugin(api: Api, options: FastifyOptions = {}): FastifyPluginCallback {
  const answer = (options.fallthrough ?? true) ? api.handle : api.answer
  const portcullis: FastifyPluginCallback = (app, _options, done) => {
    app.addHook('onRequest', (request, reply, next) => {
      const made = answer(apiRequest(request, reply))
      if (made === undefined) {
        next()
        return
      }
      reply.hijack()
      answerWith(request.raw, reply.raw, made)
    })
    done()
  }
  // Fastify keeps the hooks of a plug-in to the plug-in's own routes, of which there are none, unless it bears this mark.
  return Object.assign(portcullis, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'portcullis' })
}

/** A handler of a route of the app. */
export type FastifyRouteHandler = (request: FastifyRequest, reply: FastifyReply) => void

/** One route of the API, as the handler of a route of the app: `app.post('/orders', fastify.route(api, OrdersController, 'create'))`. */
function route(api: Api, controller: Class, member: string): FastifyRouteHandler {
  const answer = api.route(controller, member)
  return function portcullisRoute(request, reply) {
    reply.hijack()
    const params = request.params as Record<string, string>
    answerWith(request.raw, reply.raw, answer(apiRequest(request, reply), params))
  }
}

function apiRequest(request: FastifyRequest, reply: FastifyReply): ApiRequest {
  return nodeRequest(request.raw, reply.raw, { parsed: request.body })
}

/** Puts an API in front of Fastify 5, `await app.register(fastify(api))`; `fastify.route` binds one route of it to a path of the app. */
export const fastify = Object.assign(plugin, { route })
