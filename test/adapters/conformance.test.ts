import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { Readable } from 'node:stream'
import { createAdaptorServer } from '@hono/node-server'
import type { HttpBindings } from '@hono/node-server'
import express5 from 'express'
import express4 from 'express4'
import createFastify from 'fastify'
import { Hono } from 'hono'
import Koa3 from 'koa'
import Koa2 from 'koa2'
import { express } from '../../adapters/express.js'
import { fastify } from '../../adapters/fastify.js'
import { fetchHandler, nodeConnection } from '../../adapters/fetch.js'
import { http } from '../../adapters/http.js'
import type { NodeListener } from '../../adapters/http.js'
import { koa } from '../../adapters/koa.js'
import type { Api } from '../../lib/index.js'
import { adapterConformance } from '../../lib/testing.js'
import type { AdapterAbilities, AdapterServer, AdapterServerOptions, SentRequest, StartAdapterServer } from '../../lib/testing.js'
import { listen, listenerOf } from './hosts.js'
import { http2Client } from './http2-client.js'

function listening(listenerFor: (api: Api, options: AdapterServerOptions) => RequestListener): StartAdapterServer {
  return (api, options) => listen(listenerFor(api, options))
}

const echo: RequestListener = (request, response) => void request.pipe(response.writeHead(418))

const nodeHttp: StartAdapterServer = listening((api, { fallthrough }) => {
  const listener = http(api)
  return fallthrough ? (request, response) => listener(request, response, () => echo(request, response)) : listener
})

const koaWith = (app: Koa3, api: Api, options: AdapterServerOptions) =>
  listenerOf(
    app.use(koa(api, options)).use((context) => {
      context.status = 418
      context.body = context.req
    }),
  )

const expressOf = (create: typeof express5) =>
  listening((api, options) =>
    create()
      .use(express(api, options))
      .use((request, response) => echo(request, response)),
  )

const koaOf = (Create: typeof Koa3) => listening((api, options) => koaWith(new Create(), api, options))

/** Its answers are written by Koa, for the middleware to see. */
const koaBehindMiddleware = listening((api, options) =>
  koaWith(
    new Koa3().use((_context, next) => next()),
    api,
    options,
  ),
)

const koaOverHttp2: StartAdapterServer = (api, options) => overHttp2(koaWith(new Koa3(), api, options) as NodeListener)

const fastifyServer: StartAdapterServer = async (api, options) => {
  const app = createFastify({ forceCloseConnections: true })
  await app.register(fastify(api, options))
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  app.removeContentTypeParser('application/json')
  app.setNotFoundHandler((request, reply) => reply.code(418).send(request.body ?? ''))
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  return { url, close: () => app.close() }
}

/** Hono on Node: the raw request is at hand, or it is not told of. */
const honoOf =
  (raw: boolean) =>
  (api: Api, { fallthrough }: AdapterServerOptions) => {
    const app = new Hono<{ Bindings: HttpBindings }>()
    const connection = (_request: Request, { incoming }: HttpBindings) =>
      raw ? nodeConnection(incoming) : { remoteAddress: incoming.socket.remoteAddress }
    if (fallthrough) {
      const handler = fetchHandler<HttpBindings>(api, { connection, fallthrough: true })
      app.use(async (context, next) => {
        const answer = handler(context.req.raw, context.env)
        return answer === undefined ? next() : answer
      })
      app.all('*', async (context) => new Response(await context.req.text(), { status: 418 }))
    } else {
      const handler = fetchHandler<HttpBindings>(api, { connection })
      app.all('*', (context) => handler(context.req.raw, context.env))
    }
    return listen(createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as ReturnType<typeof createServer>)
  }

/** No host at all: a `Request` is handed in, and a `Response` comes out. */
const bareFetch: StartAdapterServer = (api, { fallthrough }) => {
  const connection = () => ({ remoteAddress: '127.0.0.1' })
  const all = fetchHandler(api, { connection })
  const own = fetchHandler(api, { connection, fallthrough: true })
  return {
    url: 'http://api.test',
    close: () => undefined,
    async send({ method, target, headers, body }: SentRequest) {
      const init = { method, headers: headers.map(([name, value]) => [name, value] as [string, string]) }
      const hasBody = body.length > 0 && method !== 'GET' && method !== 'HEAD'
      const request = toRequest(`http://api.test${target}`, hasBody ? { ...init, body: Buffer.from(body) } : init)
      if (request === undefined) return { status: 400, headers: [], body: Buffer.alloc(0) }
      const answer = await (fallthrough
        ? (own(request, undefined) ?? new Response(await request.text(), { status: 418 }))
        : all(request, undefined))
      return { status: answer.status, headers: [...answer.headers], body: Buffer.from(await answer.arrayBuffer()) }
    },
  }
}

/** Undefined for what no `Request` can be made of. */
function toRequest(url: string, init: RequestInit): Request | undefined {
  try {
    return new Request(url, init)
  } catch {
    return undefined
  }
}

const http2: StartAdapterServer = (api, { fallthrough }) => {
  const listener = http(api)
  return overHttp2((request, response) => {
    if (fallthrough) listener(request, response, () => void Readable.from(request).pipe(response.writeHead(418)))
    else listener(request, response)
  })
}

async function overHttp2(listener: NodeListener): Promise<AdapterServer> {
  const server = createHttp2Server(listener)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const client = http2Client(server)
  return {
    url: client.url,
    send: client.send,
    close: () => client.close(),
  }
}

const hosts: ReadonlyArray<readonly [string, StartAdapterServer, AdapterAbilities?]> = [
  ['node:http', nodeHttp],
  ['Express 5', expressOf(express5)],
  ['Express 4', expressOf(express4)],
  ['Koa 3', koaOf(Koa3)],
  ['Koa 3, behind a middleware', koaBehindMiddleware],
  ['Koa 2', koaOf(Koa2)],
  ['Fastify', fastifyServer, { refusesFirst: true }],
  ['Hono on Node, with the raw request', honoOf(true), { refusesFirst: true }],
  ['Hono on Node', honoOf(false), { refusesFirst: true, rawTarget: false, rawHeaders: false, tellsOfLeaving: 'first' }],
  ['a bare Request', bareFetch, { sockets: false, rawTarget: false, rawHeaders: false, refusesFirst: true }],
  ['Koa 3 over HTTP/2', koaOverHttp2, { sockets: false, refusesFirst: true, rawHeaders: false }],
  ['node:http2', http2, { sockets: false, refusesFirst: true, rawHeaders: false }],
]

for (const [name, start, abilities] of hosts) {
  describe(`behind ${name}, an API`, () => {
    for (const { name: claim, run } of adapterConformance(start, abilities)) it(claim, run)
  })
}
