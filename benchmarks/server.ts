// The protected API of the benchmarks, to be started alone: see README.md beside this file for its contract.
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { parseArgs } from 'node:util'
import expressApp from 'express'
import Koa from 'koa'
import { express } from '../adapters/express.js'
import { http } from '../adapters/http.js'
import { koa } from '../adapters/koa.js'
import { fileSink } from '../lib/index.js'
import type { Api } from '../lib/index.js'
import { ordersApi } from './api.js'
import { adapters } from './contenders.js'
import type { Adapter } from './contenders.js'
import { chosen, environment, serve } from './contract.js'
import { protections } from './orders.js'

const { values } = parseArgs({
  options: { adapter: { type: 'string', default: 'http' }, protections: { type: 'string', default: protections.join(',') } },
})

const listeners: Readonly<Record<Adapter, (api: Api) => RequestListener>> = {
  http: (api) => http(api),
  express: (api) =>
    expressApp()
      .disable('x-powered-by')
      .use(express(api, { fallthrough: false })),
  koa: (api) => {
    const answer = new Koa().use(koa(api, { fallthrough: false })).callback()
    return (request, response) => void answer(request, response)
  },
}
const listenerOf = listeners[chosen('adapter', values.adapter, adapters)]

const wanted = new Set(
  values.protections
    .split(',')
    .filter(Boolean)
    .map((name) => chosen('protections', name, protections)),
)
const { logFile, ...facts } = environment()
const api = ordersApi({ ...facts, sinks: [fileSink(logFile)], has: (protection) => wanted.has(protection) })
serve(createServer(listenerOf(api)), () => api.close())
