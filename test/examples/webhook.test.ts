import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { webhook } from '../../examples/webhook/webhook.js'
import { Controller, Get, Public, createApi, createLogger } from '../../lib/index.js'
import type { Detection } from '../../lib/index.js'
import { exchangeOf } from '../exchange.js'

const secret = 'kX2s8fQz0pWv7LdYb4Ne1RtGh6Jm9Ca3'
const outbound = { privateHosts: ['127.0.0.1'] }

@Controller('/')
@Public()
class Nothing {
  @Get('/')
  nothing() {
    return {}
  }
}

describe('the example of a webhook', () => {
  const received: Array<{ headers: IncomingHttpHeaders; body: string }> = []
  let server: Server
  let url: string
  let status = 204

  before(async () => {
    server = createServer((request, response) => void receive(request, response)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  })

  after(() => server.close())

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    received.push({ headers: request.headers, body: await text(request) })
    response.writeHead(status).end()
    server.emit('received')
  }

  it('gets what an API detects, signed', async () => {
    const api = createApi({
      controllers: [Nothing],
      https: 'off',
      logger: createLogger({ silent: true }),
      audit: { sinks: [] },
      detection: { onDetection: webhook({ url, secret, outbound }) },
    })
    const arrival = once(server, 'received')
    const { request } = exchangeOf({ request: { target: '/nothing', headers: { host: 'api.test' } } })
    for (let count = 0; count < 51; count += 1) await api.answer(request)
    await arrival
    const [{ headers, body } = { headers: {}, body: '' }] = received
    const { type, data } = JSON.parse(body) as { type: string; data: Detection }
    expect(type).to.equal('detection.enumeration-by-address')
    expect(data).to.include({ event: 'malicious_excess_404', subject: '192.0.2.1', limit: '50 per minute' })
    const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`
    expect(headers['webhook-signature']).to.equal(`v1,${createHmac('sha256', secret).update(signed).digest('base64')}`)
  })

  it('says so where its receiver does not take it, or may not be asked', async () => {
    const detection = { at: 0, rule: 'any' } as Detection
    status = 500
    expect(String(await webhook({ url, secret, outbound })(detection).catch((error: unknown) => error))).to.contain('answered 500')
    expect(String(await webhook({ url, secret })(detection).catch((error: unknown) => error))).to.contain('HTTPS only')
  })
})
