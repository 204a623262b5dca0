// The orders route without any protection, each host with its own body parser: what protection is measured against.
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { parseArgs } from 'node:util'
import expressApp from 'express'
import Koa from 'koa'
import bodyParser from 'koa-bodyparser'
import { adapters } from '../contenders.js'
import type { Adapter } from '../contenders.js'
import { chosen, createOrder, ordersPath, serve } from '../contract.js'
import type { Order } from '../contract.js'

function http(): RequestListener {
  return (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = JSON.stringify(createOrder(JSON.parse(Buffer.concat(chunks).toString()) as Order))
      response.writeHead(201, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
      response.end(body)
    })
  }
}

function express(): RequestListener {
  const app = expressApp().disable('x-powered-by').disable('etag')
  app.use(expressApp.json())
  app.post(ordersPath, (request, response) => {
    response.status(201).json(createOrder(request.body as Order))
  })
  return app
}

function koa(): RequestListener {
  const app = new Koa()
  app.use(bodyParser())
  app.use((context) => {
    context.status = 201
    context.body = createOrder(context.request.body as Order)
  })
  const answer = app.callback()
  return (request, response) => void answer(request, response)
}

const { values } = parseArgs({ options: { adapter: { type: 'string', default: 'http' } } })
const listeners: Readonly<Record<Adapter, () => RequestListener>> = { http, express, koa }
serve(createServer(listeners[chosen('adapter', values.adapter, adapters)]()), () => undefined)
