import type { RequestListener } from 'node:http'
import { serve } from '../../adapters/http.js'
import type { RunningServer } from '../../adapters/http.js'
import { openOrders } from './app.js'
import type { OrdersApp, OrdersOptions } from './app.js'
import { listenerOf } from './hosts.js'
import type { Adapter } from './hosts.js'

/** Where the application is served. */
export interface PlaceOptions {
  readonly adapter: Adapter
  /** 0 takes a free one. */
  readonly port: number
  /** Where clients find it: stands in tokens as their issuer. @default where it listens */
  readonly url?: string | undefined
}

/** The application behind its host, listening. */
export interface RunningOrders extends OrdersApp {
  readonly server: RunningServer
}

/** Starts the application. It must listen before it is made: its tokens name the address that it has. */
export async function startOrders({ adapter, port, url, ...options }: PlaceOptions & Omit<OrdersOptions, 'url'>): Promise<RunningOrders> {
  let listener: RequestListener = notReady
  const server = await serve((request, response) => listener(request, response), { port })
  try {
    const app = await openOrders({ ...options, url: url ?? server.url })
    listener = await listenerOf(adapter, app.api)
    return { ...app, server }
  } catch (error) {
    await server.close()
    throw error
  }
}

/** Answers until the application is made. */
const notReady: RequestListener = (_request, response) => {
  response.writeHead(503, { 'Retry-After': '1', 'Content-Length': '0' }).end()
}
