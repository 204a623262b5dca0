// The same routes without any protection, each host with its own body parser: what protection is measured against.
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import expressApp from 'express'
import Koa from 'koa'
import bodyParser from 'koa-bodyparser'

interface Order {
  readonly quantity: number
  readonly items: ReadonlyArray<{ readonly qty: number }>
}

let last = 0

function create(order: Order) {
  const total = order.items.reduce((sum, { qty }) => sum + qty * 250, order.quantity * 1000)
  return { id: String(++last), status: 'created', total }
}

function http(): RequestListener {
  return (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = JSON.stringify(create(JSON.parse(Buffer.concat(chunks).toString()) as Order))
      response.writeHead(201, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
      response.end(body)
    })
  }
}

function express(): RequestListener {
  const app = expressApp()
  app.use(expressApp.json())
  app.post('/api/v1/orders', (request, response) => {
    response.status(201).json(create(request.body as Order))
  })
  return app
}

function koa(): RequestListener {
  const app = new Koa()
  app.use(bodyParser())
  app.use((context) => {
    context.status = 201
    context.body = create(context.request.body as Order)
  })
  const answer = app.callback()
  return (request, response) => void answer(request, response)
}

const { values } = parseArgs({ options: { adapter: { type: 'string', default: 'http' } } })
const listeners: Readonly<Record<string, () => RequestListener>> = { http, express, koa }
const server = createServer(listeners[values.adapter]?.() ?? http())
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => console.log(`listening ${(server.address() as AddressInfo).port}`))
process.once('SIGTERM', () => process.exit(0))
