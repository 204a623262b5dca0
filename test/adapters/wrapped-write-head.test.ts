import { once } from 'node:events'
import { ServerResponse, createServer, get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import express from 'express'
import { express as behindExpress } from '../../adapters/express.js'
import { http } from '../../adapters/http.js'
import { Controller, Get, Public, createApi, createLogger } from '../../lib/index.js'
import type { Context } from '../../lib/index.js'
import { listen } from './hosts.js'

let stream: Readable

@Controller('/things')
class Things {
  @Get('/stream')
  @Public()
  stream() {
    return (stream = Readable.from(['a', 'b']))
  }

  @Get('/value')
  @Public()
  value() {
    return { a: 1 }
  }

  @Get('/cookies')
  @Public()
  cookies(context: Context): void {
    context.setHeader('Set-Cookie', 'a=1')
    context.setHeader('Set-Cookie', 'b=2')
  }
}

/** Asks for a path behind a host that has put `writeHead` in the place of Node's. */
async function answerTo(path: string, writeHead: (this: ServerResponse, ...given: readonly unknown[]) => ServerResponse): Promise<string> {
  const api = createApi({ controllers: [Things], https: 'off', audit: { sinks: [] }, logger: createLogger({ silent: true }) })
  const listener = http(api)
  const server = createServer((request, response) => {
    response.writeHead = writeHead
    listener(request, response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`)
    return `${response.headers.get('x-wrapped')} ${await response.text()}`
  } catch {
    return 'the connection ended'
  } finally {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
    await api.close()
  }
}

describe('a host that has its say when headers are written', () => {
  it('is heard, before a value and before a stream', async () => {
    const { writeHead } = (await import('node:http')).ServerResponse.prototype
    const wrapped = function (this: ServerResponse, ...given: unknown[]) {
      this.setHeader('X-Wrapped', 'yes')
      return (writeHead as (...all: unknown[]) => ServerResponse).apply(this, given)
    }
    expect(await answerTo('/things/value', wrapped)).to.equal('yes {"a":1}')
    expect(await answerTo('/things/stream', wrapped)).to.equal('yes ab')
  })

  it('ends the connection and not the process where it throws, and the stream is let go of', async () => {
    const throwing = () => {
      throw new Error('a middleware')
    }
    for (const path of ['/things/value', '/things/stream']) expect(await answerTo(path, throwing), path).to.equal('the connection ended')
    expect(stream.destroyed).to.equal(true)
  })

  it('loses no cookie, though it has set a header and removed it, or sets one when the others are written', async () => {
    const api = createApi({ controllers: [Things], https: 'off', audit: { sinks: [] }, logger: createLogger({ silent: true }) })
    const removing = express().use((_request, response, next) => {
      response.removeHeader('X-Powered-By')
      next()
    })
    const { writeHead } = ServerResponse.prototype
    const setting = function (this: ServerResponse, ...given: unknown[]) {
      this.setHeader('Server-Timing', 'app;dur=1')
      return (writeHead as (...all: unknown[]) => ServerResponse).apply(this, given)
    }
    for (const [listener, ofAll] of [
      [removing.use(behindExpress(api)), writeHead],
      [http(api), setting],
    ] as const) {
      ServerResponse.prototype.writeHead = ofAll
      const { port, close } = await listen(listener)
      try {
        const [answer] = (await once(get({ port, path: '/things/cookies', agent: false }), 'response')) as [IncomingMessage]
        answer.resume()
        expect([answer.statusCode, answer.headers['set-cookie']]).to.deep.equal([204, ['a=1', 'b=2']])
      } finally {
        ServerResponse.prototype.writeHead = writeHead
        await close()
      }
    }
    await api.close()
  })
})
