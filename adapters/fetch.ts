/**
 * Hosts that speak `Request` and `Response`: Hono, Bun, Deno, Next.js, Workers.
 *
 * @module portcullis/fetch
 */

import type { Api } from '../lib/api.js'
import type { Class } from '../lib/decorator.js'
import { FetchRequest, toResponse } from './fetch-request.js'
import type { FetchConnection } from './fetch-request.js'

export { nodeConnection } from './fetch-request.js'
export type { FetchConnection } from './fetch-request.js'

/** What a Fetch host cannot say in a `Request`. */
export interface FetchOptions<Info> {
  /**
   * What the host knows of the connection: the client's address above all, which no `Request` tells. `info` is what the host hands in beside the
   * request (Bun: the server; Deno: the connection; Hono: its `env`). A header is never read for it but by you: do so only where your host sets
   * that header itself.
   */
  readonly connection: (request: Request, info: Info) => FetchConnection
}

/** Answers every request. */
export type FetchHandler<Info> = (request: Request, info: Info) => Promise<Response>
/** Answers requests for the API's routes; undefined, and nothing read, for any other. */
export type FetchMiddleware<Info> = (request: Request, info: Info) => Promise<Response> | undefined

/**
 * Puts an API behind a host that speaks Fetch, with Node's modules at hand: Hono, Bun, Deno, Next.js, Workers. `Info` may be undefined where the
 * host hands in nothing. With `fallthrough`, requests for none of the API's routes give undefined, for the host to serve.
 */
function handler<Info = unknown>(api: Api, options: FetchOptions<Info> & { readonly fallthrough: true }): FetchMiddleware<Info>
function handler<Info = unknown>(api: Api, options: FetchOptions<Info> & { readonly fallthrough?: false }): FetchHandler<Info>
function handler<Info>(api: Api, options: FetchOptions<Info> & { readonly fallthrough?: boolean }): FetchMiddleware<Info> {
  const answer = options.fallthrough === true ? api.handle : api.answer
  return function portcullis(request, info) {
    const own = new FetchRequest(request, options.connection(request, info))
    const reply = answer(own)
    return reply === undefined ? undefined : toResponse(own, reply)
  }
}

/** One route of the API, for a host that matches paths itself: hand in the path's parameters, decoded. */
function route<Info = unknown>(api: Api, controller: Class, member: string, { connection }: FetchOptions<Info>) {
  const answer = api.route(controller, member)
  return function portcullisRoute(request: Request, info: Info, params: Readonly<Record<string, string>> = {}): Promise<Response> {
    const own = new FetchRequest(request, connection(request, info))
    return toResponse(own, answer(own, params))
  }
}

/** Puts an API behind a host that speaks Fetch, `fetchHandler(api, { connection })`; `fetchHandler.route` binds one route of it. */
export const fetchHandler = Object.assign(handler, { route })
