/**
 * Koa 2 and 3 as hosts.
 *
 * @module portcullis/koa
 */

import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Context, Middleware } from 'koa'
import type { Api } from '../lib/api.js'
import { isBodiless, letGo } from '../lib/answer.js'
import type { ApiRequest, Reply } from '../lib/context.js'
import type { Class } from '../lib/decorator.js'
import { setHeaders, withoutConnectionHeaders } from './headers.js'
import { refuseRest } from './http2.js'
import { answerWith, discardRest, isHttp2, isLastWord, nodeRequest, nodesListeners, sayLastWord } from './node.js'
import type { NodeIncoming } from './node.js'
import { whenOver } from './when-over.js'

/** How the API shares the host with other routes. */
export interface KoaOptions {
  /** Whether requests for none of the API's routes go on to the next middleware; otherwise they are answered with 404, 405 or 400. @default true */
  readonly fallthrough?: boolean
}

/** Puts an API behind Koa 2 or 3: `app.use(koa(api))`, under koa-mount too. */
function middleware(api: Api, options: KoaOptions = {}): Middleware {
  const answer = (options.fallthrough ?? true) ? api.handle : api.answer
  return function portcullis(context, next) {
    const reply = answer(apiRequest(context))
    if (reply === undefined) return next()
    if (context.app.middleware[0] !== portcullis) return respondLater(context, reply)
    // No middleware stands around this one that could want to see the answer: Koa would spend as much on it as all checks. It listens for the end itself.
    context.respond = false
    answerWith(context.req, context.res, reply, nodesListeners + 1)
    return undefined
  }
}

async function respondLater(context: Context, reply: Reply | PromiseLike<Reply>): Promise<void> {
  respond(context, await reply)
}

/** One route of the API, as the handler of a route of the app: `router.post('/orders', koa.route(api, OrdersController, 'create'))`. */
function route(api: Api, controller: Class, member: string): Middleware {
  const answer = api.route(controller, member)
  return async function portcullisRoute(context: Context & { readonly params?: Record<string, string> }) {
    respond(context, await answer(apiRequest(context), context.params ?? {}))
  }
}

function apiRequest(context: Context): ApiRequest {
  const { body } = context.request as { readonly body?: unknown }
  const { mountPath } = context as { readonly mountPath?: string }
  return nodeRequest(context.req, context.res, { parsed: body, mountPath })
}

/** Leaves the reply to Koa to write, so that middlewares around this one see it and may compress it. */
function respond(context: Context, reply: Reply): void {
  // Koa runs behind node:http2 too.
  const request: NodeIncoming = context.req
  const overHttp2 = isHttp2(request)
  if (context.headerSent || context.res.destroyed) {
    context.respond = false
    letGo(reply.body)
    return
  }
  if (!overHttp2 && isLastWord(request, reply)) {
    context.respond = false
    sayLastWord(context.req, context.res, reply)
    return
  }
  const { status, headers, body } = reply
  context.status = status
  // Koa 2 leaves a connection open whose answer broke off.
  if (body instanceof Readable) {
    body.once('error', () => context.res.destroy())
    if (!overHttp2) whenOver(request, context.res, () => body.destroy())
  }
  context.body = body ?? (isBodiless(status) ? null : Buffer.alloc(0))
  for (const name of ['Content-Type', 'Content-Length']) context.remove(name)
  setHeaders(context.res, overHttp2 ? withoutConnectionHeaders(headers) : headers)
  if (status === 205) keepLength(context.res)
  if (overHttp2) refuseRest(request)
  else discardRest(request, context.res)
}

/** Koa takes off the length of what has no body. A 205 without one ends the connection: it could have a body, as far as framing goes. */
function keepLength(response: ServerResponse): void {
  const end = response.end.bind(response) as (...given: unknown[]) => ServerResponse
  function endWithLength(...given: unknown[]): ServerResponse {
    if (response.statusCode === 205 && !response.headersSent) response.setHeader('Content-Length', '0')
    return end(...given)
  }
  response.end = endWithLength as typeof response.end
}

/** Puts an API behind Koa 2 or 3, `app.use(koa(api))`; `koa.route` binds one route of it to a path of the app. */
export const koa = Object.assign(middleware, { route })
