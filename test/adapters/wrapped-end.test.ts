import { OutgoingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import express5 from 'express'
import { express } from '../../adapters/express.js'
import { http } from '../../adapters/http.js'
import { serve } from '../../adapters/serve.js'
import { Controller, Get, Public, createApi, reply } from '../../lib/index.js'
import { createLogger } from '../../lib/audit/logger.js'
import { hosts, listen } from './hosts.js'

@Controller('/things')
class Things {
  @Get('/')
  @Public()
  list() {
    return { price: 'five' }
  }

  @Get('/stream')
  @Public()
  stream() {
    return reply(200, Readable.from(['fi', 've']), { 'Content-Type': 'text/plain' })
  }

  @Get('/long')
  @Public()
  long() {
    return Readable.from(
      Array.from({ length: 64 }, () => Buffer.alloc(65_536)),
      { objectMode: false },
    )
  }
}

function apiOfThings() {
  return createApi({ controllers: [Things], https: 'off', audit: { sinks: [] }, logger: createLogger({ silent: true }) })
}

/** Express sets a header of its own before all others, where it is not told not to. */
const allHosts = [
  ...hosts,
  {
    name: 'Express 5 that says nothing of itself',
    listener: ((api) => express5().disable('x-powered-by').use(express(api))) as (typeof hosts)[0]['listener'],
  },
]

describe('a host that puts other words into answers', () => {
  it('has them sent as UTF-8, though what it was given was ASCII', async () => {
    const api = apiOfThings()
    const { server, url, close } = await serve(
      (request, response) => {
        const { end } = response
        response.setHeader('X-Host', 'translator')
        response.end = function translated(this: ServerResponse, body: string, encoding: BufferEncoding) {
          this.removeHeader('Content-Length')
          return end.call(this, body.replace('five', '5 € – naïve'), encoding)
        } as ServerResponse['end']
        http(api)(request, response)
      },
      { port: 0 },
    )
    try {
      expect(await (await fetch(`${url}/things`)).json()).to.deep.equal({ price: '5 € – naïve' })
    } finally {
      server.closeAllConnections()
      await close()
      await api.close()
    }
  })
})

describe('a host that puts a method of its own into the place of Node’s', () => {
  for (const { name, listener } of allHosts) {
    it(`sees the headers of an answer when it ends, and changes them: behind ${name}`, async () => {
      const api = apiOfThings()
      const answer = listener(api)
      const types: unknown[] = []
      const { url, close } = await listen((request, response) => {
        const { end } = response
        response.end = function translated(this: ServerResponse, ...given: unknown[]) {
          types.push(this.getHeader('content-type'))
          if (!this.headersSent) this.setHeader('X-Took', '1 ms')
          return (end as (...all: unknown[]) => ServerResponse).apply(this, given)
        } as ServerResponse['end']
        answer(request, response)
      })
      const response = await fetch(`${url}/things`)
      expect([response.headers.get('x-took'), await response.json()]).to.deep.equal(['1 ms', { price: 'five' }])
      await (await fetch(`${url}/things/stream`)).text()
      expect(types).to.deep.equal(['application/json', 'text/plain'])
      await close()
      await api.close()
    })

    it(`is asked before a header is set, and sees headers with each piece of a stream: behind ${name}`, async () => {
      const api = apiOfThings()
      const answer = listener(api)
      const types: unknown[] = []
      const { url, close } = await listen((request, response) => {
        const { setHeader, write } = response
        if (request.url === '/things/stream') {
          response.write = function seen(this: ServerResponse, ...given: unknown[]) {
            types.push(this.getHeader('content-type'))
            return (write as (...all: unknown[]) => boolean).apply(this, given)
          } as ServerResponse['write']
        } else {
          response.setHeader = function renamed(header, value) {
            return setHeader.call(this, header === 'X-Frame-Options' ? 'X-Framed' : header, value)
          }
        }
        answer(request, response)
      })
      const { headers } = await fetch(`${url}/things`)
      expect([headers.get('x-framed'), headers.get('x-frame-options')]).to.deep.equal(['DENY', null])
      expect(await (await fetch(`${url}/things/stream`)).text()).to.equal('five')
      expect(types).to.deep.equal(['text/plain', 'text/plain'])
      await close()
      await api.close()
    })
  }

  for (const method of ['write', 'end'] as const) {
    it(`ends the connection, and not the process, where its ${method} throws in the middle of a stream`, async () => {
      const api = apiOfThings()
      const answer = http(api)
      const { url, close } = await listen((request, response) => {
        Object.assign(response, {
          [method]: () => {
            throw new Error('a middleware')
          },
        })
        answer(request, response)
      })
      const outcome = await fetch(`${url}/things/stream`)
        .then((response) => response.text())
        .catch(() => 'the connection ended')
      expect(outcome).to.equal('the connection ended')
      await close()
      await api.close()
    })
  }

  it('gets a long stream whole', async () => {
    const api = apiOfThings()
    const answer = http(api)
    const { url, close } = await listen((request, response) => {
      const { write } = response
      response.write = function counted(this: ServerResponse, ...given: unknown[]) {
        return (write as (...all: unknown[]) => boolean).apply(this, given)
      } as ServerResponse['write']
      answer(request, response)
    })
    const response = await fetch(`${url}/things/long`)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect((await response.arrayBuffer()).byteLength).to.equal(64 * 65_536)
    await close()
    await api.close()
  })

  it('may do so for all responses', async () => {
    const api = apiOfThings()
    const { url, close } = await listen(http(api))
    for (const prototype of [ServerResponse.prototype, OutgoingMessage.prototype]) {
      const own = Object.getOwnPropertyDescriptor(prototype, 'end')
      const { end } = prototype
      Object.defineProperty(prototype, 'end', {
        configurable: true,
        writable: true,
        value(this: ServerResponse, body: string, encoding: BufferEncoding) {
          this.setHeader('Content-Length', Buffer.byteLength('{"price":"5 €"}'))
          return end.call(this, body.replace('five', '5 €'), encoding)
        },
      })
      try {
        expect(await (await fetch(`${url}/things`)).json()).to.deep.equal({ price: '5 €' })
      } finally {
        if (own === undefined) Reflect.deleteProperty(prototype, 'end')
        else Object.defineProperty(prototype, 'end', own)
      }
    }
    await close()
    await api.close()
  })
})
