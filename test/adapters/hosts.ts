import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express5 from 'express'
import express4 from 'express4'
import Koa3 from 'koa'
import Koa2 from 'koa2'
import { express } from '../../adapters/express.js'
import { http } from '../../adapters/http.js'
import { koa } from '../../adapters/koa.js'
import type { Api } from '../../lib/index.js'

export interface Running {
  readonly port: number
  readonly url: string
  close(): Promise<void>
}

/** Every host, with the API behind it and nothing else. */
export const hosts: ReadonlyArray<{ readonly name: string; readonly listener: (api: Api, fallthrough?: boolean) => RequestListener }> = [
  { name: 'node:http', listener: (api) => http(api) },
  { name: 'Express 5', listener: (api, fallthrough = false) => express5().use(express(api, { fallthrough })) },
  { name: 'Express 4', listener: (api, fallthrough = false) => express4().use(express(api, { fallthrough })) },
  { name: 'Koa 3', listener: (api, fallthrough = false) => listenerOf(new Koa3().use(koa(api, { fallthrough }))) },
  { name: 'Koa 2', listener: (api, fallthrough = false) => listenerOf(new Koa2().use(koa(api, { fallthrough }))) },
]

/** Koa prints every failure of a stream or middleware, the expected ones of these tests too. */
export function listenerOf(app: { silent: boolean; callback(): unknown }): RequestListener {
  app.silent = true
  return app.callback() as RequestListener
}

/** Listens on a free port. */
export async function listen(listener: RequestListener | Server): Promise<Running> {
  const server = typeof listener === 'function' ? createServer(listener) : listener
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
