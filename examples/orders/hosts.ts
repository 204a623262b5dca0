import type { RequestListener } from 'node:http'
import { http } from '../../adapters/http.js'
import type { Api } from '../../lib/index.js'

export const adapters = ['express', 'koa', 'http'] as const
export type Adapter = (typeof adapters)[number]

/** The API alone behind a host: it answers everything, what does not exist included. Loads the host that is asked for, and no other. */
export async function listenerOf(adapter: Adapter, api: Api): Promise<RequestListener> {
  if (adapter === 'express') return expressListener(api)
  return adapter === 'koa' ? koaListener(api) : http(api)
}

async function expressListener(api: Api): Promise<RequestListener> {
  const { default: createExpress } = await import('express')
  const { express } = await import('../../adapters/express.js')
  return createExpress().use(express(api, { fallthrough: false }))
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
