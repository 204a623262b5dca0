// The protected API of the benchmarks, to be started alone: see README.md beside this file for its contract.
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import expressApp from 'express'
import Koa from 'koa'
import { express } from '../adapters/express.js'
import { http } from '../adapters/http.js'
import { koa } from '../adapters/koa.js'
import { bearer, createApi, fileSink, parseLimits } from '../lib/index.js'
import type { Api } from '../lib/index.js'
import { AdminController, OrdersController } from './orders.js'

const { values } = parseArgs({ options: { adapter: { type: 'string', default: 'http' } } })
const { env } = process

const listeners: Readonly<Record<string, (api: Api) => RequestListener>> = {
  http: (api) => http(api),
  express: (api) => expressApp().use(express(api, { fallthrough: false })),
  koa: (api) => {
    const answer = new Koa().use(koa(api, { fallthrough: false })).callback()
    return (request, response) => void answer(request, response)
  },
}
const listenerOf = listeners[values.adapter]
if (listenerOf === undefined) throw new TypeError(`--adapter ${values.adapter}: choose one of ${Object.keys(listeners).join(', ')}`)

const api = createApi({
  controllers: [OrdersController, AdminController],
  authentication: bearer({
    issuer: 'https://auth.example.com/',
    audience: 'https://api.example.com',
    keys: [{ algorithm: 'HS256', secret: env.JWT_SECRET ?? '', dangerouslyAcceptGuessableSecret: true }],
    requireTokenId: false,
    ...(env.TOKEN_CACHE === '0' ? { cache: false } : {}),
  }),
  rateLimit: { default: parseLimits(`${env.RATE_MINUTE ?? 1e9} per minute; ${env.RATE_HOUR ?? 1e9} per hour`), headers: false },
  https: 'off',
  headers: {
    'Content-Security-Policy': "default-src 'none';frame-ancestors 'none'",
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Origin-Agent-Cluster': '?1',
    'Referrer-Policy': 'no-referrer',
    'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
    'X-Content-Type-Options': 'nosniff',
    'X-DNS-Prefetch-Control': 'off',
    'X-Download-Options': 'noopen',
    'X-Frame-Options': 'DENY',
    'X-Permitted-Cross-Domain-Policies': 'none',
    'X-XSS-Protection': '0',
  },
  audit: { sinks: [fileSink(env.LOG_FILE ?? '/dev/null')], headers: true },
})

const server = createServer(listenerOf(api))
server.listen(Number(env.PORT ?? 0), '127.0.0.1', () => console.log(`listening ${(server.address() as AddressInfo).port}`))

process.once('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
  void api.close().then(() => process.exit(0))
})
