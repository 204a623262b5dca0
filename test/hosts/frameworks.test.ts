import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { NodeIncoming } from '../../adapters/http.js'
import { adapterConformance } from '../../lib/testing.js'
import type { AdapterAbilities, StartAdapterServer } from '../../lib/testing.js'
import { listen } from '../adapters/hosts.js'
import { h3 } from './frameworks/h3.js'
import type { Event } from './frameworks/h3.js'
import { hapi } from './frameworks/hapi.js'
import { restify } from './frameworks/restify.js'
import { installed } from './installed.js'

interface H3App {
  use(middleware: (event: Event, next: () => unknown) => unknown): H3App
  all(route: string, handler: (event: Event) => Promise<Response>): H3App
}

interface HapiServer {
  readonly listener: Server
  ext(event: 'onRequest', method: ReturnType<typeof hapi>): void
  route(route: object): void
  start(): Promise<void>
  stop(options: { readonly timeout: number }): Promise<void>
}

interface RestifyServer {
  readonly server: Server
  pre(handler: unknown): void
}

const h3Server: StartAdapterServer = async (api, options) => {
  const { H3, toNodeHandler } = await installed<{ H3: new () => H3App; toNodeHandler: (app: H3App) => RequestListener }>('h3')
  const app = new H3().use(h3(api, options)).all('/**', async ({ req }) => new Response(await req.arrayBuffer(), { status: 418 }))
  return listen(createServer(toNodeHandler(app)))
}

const hapiServer: StartAdapterServer = async (api, options) => {
  const { server: create } = await installed<{ server: (options: object) => HapiServer }>('@hapi/hapi')
  const server = create({ port: 0, host: '127.0.0.1' })
  server.ext('onRequest', hapi(api, options))
  const echo = ({ payload }: { readonly payload?: unknown }, toolkit: { response(body: unknown): { code(status: number): object } }) =>
    toolkit.response(payload ?? '').code(418)
  server.route({ method: '*', path: '/{any*}', options: { payload: { parse: false, output: 'stream' } }, handler: echo })
  await server.start()
  const { port } = server.listener.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.listener.closeAllConnections()
      await server.stop({ timeout: 0 })
    },
  }
}

const restifyServer: StartAdapterServer = async (api, options) => {
  const { default: create } = await installed<{ default: { createServer(): RestifyServer } }>('restify')
  const server = create.createServer()
  server.pre(restify(api, options))
  server.pre((request: NodeIncoming, response: Parameters<RequestListener>[1], _next: unknown) => {
    // Restify's writeHead gives nothing back.
    response.writeHead(418)
    request.pipe(response)
  })
  return listen(server.server)
}

const frameworks: ReadonlyArray<readonly [string, StartAdapterServer, AdapterAbilities?]> = [
  ['h3', h3Server, { refusesFirst: true }],
  ['Hapi', hapiServer],
  ['Restify', restifyServer],
]

for (const [name, start, abilities] of frameworks) {
  describe(`behind ${name}, an API`, () => {
    for (const { name: claim, run } of adapterConformance(start, abilities)) it(claim, run)
  })
}
