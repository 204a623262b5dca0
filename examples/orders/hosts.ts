import type { RequestListener } from 'node:http'
import createExpress from 'express'
import Koa from 'koa'
import { express } from '../../adapters/express.js'
import { http } from '../../adapters/http.js'
import { koa } from '../../adapters/koa.js'
import type { Api } from '../../lib/index.js'

export const adapters = ['express', 'koa', 'http'] as const
export type Adapter = (typeof adapters)[number]

/** The API alone behind a host: it answers everything, what does not exist included. */
export function listenerOf(adapter: Adapter, api: Api): RequestListener {
  if (adapter === 'express') return createExpress().use(express(api, { fallthrough: false }))
  if (adapter === 'koa') return koaListener(new Koa().use(koa(api, { fallthrough: false })))
  return http(api)
}

function koaListener(app: Koa): RequestListener {
  // Koa would print a stack for each client that leaves; what ended how stands in the records.
  app.silent = true
  const answer = app.callback()
  // Koa's promise never rejects: it answers failures itself.
  return (request, response) => void answer(request, response)
}
