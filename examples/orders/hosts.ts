import type { RequestListener } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import { http } from '../../adapters/http.js'
import type { Api } from '../../lib/index.js'

export const adapters = ['express', 'koa', 'http', 'fastify', 'fetch'] as const
export type Adapter = (typeof adapters)[number]

/** The API alone behind a host: it answers everything, what does not exist included. Loads the host that is asked for, and no other. */
export async function listenerOf(adapter: Adapter, api: Api): Promise<RequestListener> {
  return listeners[adapter](api)
}

const listeners: Readonly<Record<Adapter, (api: Api) => RequestListener | Promise<RequestListener>>> = {
  express: expressListener,
  koa: koaListener,
  http,
  fastify: fastifyListener,
  fetch: fetchListener,
}

async function expressListener(api: Api): Promise<RequestListener> {
  const { default: createExpress } = await import('express')
  const { express } = await import('../../adapters/express.js')
  return createExpress()
    .disable('x-powered-by')
    .use(express(api, { fallthrough: false }))
}

async function koaListener(api: Api): Promise<RequestListener> {
  const { default: Koa } = await import('koa')
  const { koa } = await import('../../adapters/koa.js')
  const app = new Koa().use(koa(api, { fallthrough: false }))
  // Koa would print a stack for each client that leaves; what ended how stands in the records.
  app.silent = true
  const answer = app.callback()
  // Koa's promise never rejects: it answers failures itself.
  return (request, response) => void answer(request, response)
}

async function fastifyListener(api: Api): Promise<RequestListener> {
  const { default: createFastify } = await import('fastify')
  const { fastify } = await import('../../adapters/fastify.js')
  const app = createFastify()
  await app.register(fastify(api, { fallthrough: false }))
  await app.ready()
  return (request, response) => app.routing(request, response)
}

/** Hono's server makes a `Request` of each request, as Bun and Deno do. */
async function fetchListener(api: Api): Promise<RequestListener> {
  const { getRequestListener } = await import('@hono/node-server')
  const { fetchHandler, nodeConnection } = await import('../../adapters/fetch.js')
  const handler = fetchHandler<HttpBindings>(api, { connection: (_request, { incoming }) => nodeConnection(incoming) })
  const answer = getRequestListener((request, bindings) => handler(request, bindings as HttpBindings), { overrideGlobalObjects: false })
  // Its promise never rejects: it answers failures itself.
  return (request, response) => void answer(request, response)
}
