import { createServer, get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Readable, Writable } from 'node:stream'
import { expect } from 'chai'
import { transports } from 'winston'
import { Controller, Get, Public, createApi, createLogger, reply } from '../../lib/index.js'
import { Connection } from '../../lib/testing/wire.js'
import { pause, until } from '../load.js'
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

async function* failing(): AsyncGenerator<Buffer> {
  yield Buffer.from('half of it')
  await pause(5)
  throw new Error('the cursor is lost')
}

async function* endless(): AsyncGenerator<Buffer> {
  for (;;) {
    yield Buffer.alloc(1_000, 'a')
    await pause(1)
  }
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

  @Get('/failing')
  failing() {
    return kept(Readable.from(failing()))
  }

  @Get('/failing-measured')
  failingMeasured() {
    return reply(200, kept(Readable.from(failing(), { objectMode: false })), { 'Content-Length': '5000' })
  }

  @Get('/endless')
  endless() {
    return kept(Readable.from(endless()))
  }

  @Get('/endless-measured')
  endlessMeasured() {
    return reply(200, kept(Readable.from(endless(), { objectMode: false })), { 'Content-Length': '5000000000' })
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

function written(): { readonly lines: string[]; readonly logger: ReturnType<typeof createLogger> } {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  return { lines, logger: createLogger({ transports: [new transports.Stream({ stream })] }) }
}

describe('a stream that a handler returns', () => {
  for (const { name, listener } of hosts) {
    it(`is logged where it fails, once, and not where its client leaves: behind ${name}`, async () => {
      const { lines, logger } = written()
      const api = createApi({ controllers: [Streams], https: 'off', audit: { sinks: [] }, logger })
      const { url, close } = await listen(listener(api))
      const told = () => lines.map((line) => JSON.parse(line) as { message: string; request_id: string; error: { message: string } })
      for (const path of ['failing', 'failing-measured']) {
        lines.length = 0
        await fetch(`${url}/streams/${path}`).then(
          async (answer) => answer.text().catch(() => ''),
          () => '',
        )
        await until(async () => lines.length > 0)
        await pause(20)
        expect(
          told().map(({ message, error }) => `${message}: ${error.message}`),
          path,
        ).to.deep.equal(['the stream of an answer failed: the cursor is lost'])
        expect(told()[0]?.request_id, path).to.be.a('string')
      }
      lines.length = 0
      for (const path of ['endless', 'endless-measured']) {
        streams = []
        const leaving = new AbortController()
        const answer = await fetch(`${url}/streams/${path}`, { signal: leaving.signal })
        await answer.body?.getReader().read()
        leaving.abort()
        await until(async () => streams[0]?.destroyed === true)
        await pause(20)
        expect(told(), path).to.deep.equal([])
      }
      await close()
      await api.close()
    })

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
