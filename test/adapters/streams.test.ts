import { createServer, get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import { Controller, Get, Public, createApi, createLogger, reply } from '../../lib/index.js'
import { Connection } from '../../lib/testing/wire.js'
import { hosts, listen } from './hosts.js'

let upstream = ''
let streams: Readable[] = []

function kept(stream: Readable): Readable {
  streams.push(stream)
  return stream
}

function bytesOf(...chunks: readonly string[]): Readable {
  return kept(
    Readable.from(
      chunks.map((chunk) => Buffer.from(chunk)),
      { objectMode: false },
    ),
  )
}

@Controller('/streams')
@Public()
class Streams {
  @Get('/objects')
  objects() {
    return kept(Readable.from([{ a: 1 }, { b: 2 }]))
  }

  @Get('/mixed')
  mixed() {
    return kept(Readable.from(['half of ', 7]))
  }

  @Get('/long')
  long() {
    return reply(200, bytesOf('a', 'bc', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), { 'Content-Length': '3' })
  }

  @Get('/short')
  short() {
    return reply(200, kept(Readable.from(['a'])), { 'Content-Length': '5' })
  }

  @Get('/unknown')
  unknown() {
    return reply(200, bytesOf('abc'), { 'Content-Length': 'about three' })
  }

  @Get('/exact')
  exact() {
    return reply(200, kept(Readable.from(['ü', Buffer.from('b')])), { 'Content-Length': '3' })
  }

  @Get('/passed')
  async passed() {
    const [answer] = (await once(get(upstream), 'response')) as [IncomingMessage]
    return reply(answer.statusCode ?? 502, kept(answer), { 'Content-Length': answer.headers['content-length'] ?? '' })
  }
}

describe('a stream that a handler returns', () => {
  for (const { name, listener } of hosts) {
    it(`ends its connection, and not the process, where it is no answer of so many bytes: behind ${name}`, async () => {
      const api = createApi({ controllers: [Streams], https: 'off', audit: { sinks: [] }, logger: createLogger({ silent: true }) })
      const { url, close } = await listen(listener(api))
      for (const path of ['objects', 'mixed', 'long', 'short']) {
        streams = []
        const connection = await Connection.open(url)
        const request = `GET /streams/${path} HTTP/1.1\r\nHost: a\r\n\r\n`
        connection.write(request + request)
        expect(await connection.ends(), path).to.equal(true)
        expect(connection.rest.split('HTTP/1.1').length, path).to.be.below(3)
        expect(streams[0]?.destroyed, path).to.equal(true)
      }
      await close()
      await api.close()
    })

    it(`is sent with the length that it has, also where it comes from another server: behind ${name}`, async () => {
      const api = createApi({ controllers: [Streams], https: 'off', audit: { sinks: [] }, logger: createLogger({ silent: true }) })
      const other = createServer((_request, response) => response.writeHead(203, { 'Content-Length': 5 }).end('hello'))
      await once(other.listen(0, '127.0.0.1'), 'listening')
      upstream = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
      const { url, close } = await listen(listener(api))
      const answers: unknown[] = []
      for (const path of ['exact', 'passed', 'unknown']) {
        const answer = await fetch(`${url}/streams/${path}`)
        answers.push([answer.status, answer.headers.get('content-length'), await answer.text()])
      }
      expect(answers).to.deep.equal([
        [200, '3', 'üb'],
        [203, '5', 'hello'],
        [200, null, 'abc'],
      ])
      streams = []
      const head = await fetch(`${url}/streams/exact`, { method: 'HEAD' })
      expect([head.headers.get('content-length'), await head.text()]).to.deep.equal(['3', ''])
      await close()
      other.close()
      await api.close()
    })
  }
})
