import { AsyncLocalStorage } from 'node:async_hooks'
import { IncomingMessage, createServer } from 'node:http'
import type { Server, ServerResponse } from 'node:http'
import { Socket, connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { once } from 'node:events'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { bodyReading } from '../../lib/body/body.js'
import { discard } from '../../lib/body/discard.js'
import { RequestAborted, readBytes } from '../../lib/body/read.js'
import { ApiError, PayloadTooLarge } from '../../lib/errors.js'
import type { Exchange } from '../../lib/exchange.js'
import { policyOf } from '../../lib/policy.js'
import { exchangeOf, take } from '../exchange.js'

const events = ['data', 'end', 'close'] as const

function whole(outcome: Buffer | Error): Buffer {
  if (outcome instanceof Error) throw outcome
  return outcome
}

/** The code of the refusal, or what was read. */
async function reading(stream: Readable, limit = 100): Promise<string> {
  try {
    return (await readBytes(stream, { limit }, whole)).toString()
  } catch (error) {
    return error instanceof ApiError ? error.code : String(error)
  }
}

describe('the bytes of a stream', () => {
  it('are what was sent, in whatever pieces', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 8 }), async (pieces) => {
        const stream = new PassThrough()
        const result = readBytes(stream, { limit: 1_000 }, whole)
        for (const piece of pieces) stream.write(piece)
        stream.end()
        expect(await result).to.deep.equal(Buffer.concat(pieces))
      }),
    )
  })

  it('stand when they are whole, whatever the stream does later', async () => {
    const stream = new PassThrough({ autoDestroy: false })
    const result = readBytes(stream, { limit: 10 }, whole)
    stream.end('abc')
    expect((await result).toString()).to.equal('abc')
    stream.emit('error', new Error('late'))
    stream.emit('close')
    expect((await result).toString()).to.equal('abc')
  })

  it('leave no listener that holds them where the reading is given up', async () => {
    const ends: Array<readonly [string, (stream: PassThrough) => unknown]> = [
      ['payload-too-large', (stream) => stream.write(Buffer.alloc(101))],
      ['request-aborted', (stream) => stream.destroy()],
      ['request-aborted', (stream) => stream.destroy(new Error('reset'))],
    ]
    for (const [expected, end] of ends) {
      const stream = new PassThrough()
      const before = events.map((event) => stream.listenerCount(event))
      const result = reading(stream)
      end(stream)
      expect(await result).to.equal(expected)
      expect(
        events.map((event) => stream.listenerCount(event)),
        expected,
      ).to.deep.equal(before)
      expect(stream.listeners('error').map((listener) => listener.name)).to.deep.equal(['ignore'])
    }
  })

  /** A request of Node's with an announced body, of which these bytes have come. */
  function arrived(text: string): IncomingMessage {
    const request = new IncomingMessage(new Socket())
    request.push(text)
    return request
  }

  it('need no listeners where all that was announced is there', async () => {
    const request = arrived('abc')
    const before = events.map((event) => request.listenerCount(event))
    expect((await readBytes(request, { limit: 10, announced: 3 }, whole)).toString()).to.equal('abc')
    expect(events.map((event) => request.listenerCount(event))).to.deep.equal(before)
  })

  it('are waited for where more or less is there than was announced, or nothing was', async () => {
    for (const announced of [2, 4, 200, undefined]) {
      const request = arrived('abc')
      const result = readBytes(request, { limit: 10, announced }, whole)
      await new Promise((resolve) => setImmediate(resolve))
      await new Promise((resolve) => setImmediate(resolve))
      request.push('d')
      request.push(null)
      expect((await result).toString(), String(announced)).to.equal('abcd')
    }
  })

  it('are read by whoever listened before, and by whoever listens a moment later', async () => {
    for (const isBefore of [true, false]) {
      const request = arrived('abc')
      const heard: string[] = []
      const listen = () => request.on('data', (chunk: Buffer) => heard.push(chunk.toString()))
      if (isBefore) listen()
      const result = readBytes(request, { limit: 10, announced: 3 }, whole)
      if (!isBefore) listen()
      setImmediate(() => request.push(null))
      expect((await result).toString(), String(isBefore)).to.equal('abc')
      expect(heard, String(isBefore)).to.deep.equal(['abc'])
    }
  })

  it('come to many in one turn, to each in the context in which it asked', async () => {
    const context = new AsyncLocalStorage<number>()
    const seen = Array.from({ length: 5 }, (_, number) =>
      context.run(number, async () => {
        const bytes = await readBytes(arrived(String(number)), { limit: 10, announced: 1 }, whole)
        return [bytes.toString(), context.getStore()]
      }),
    )
    expect(await Promise.all(seen)).to.deep.equal([0, 1, 2, 3, 4].map((number) => [String(number), number]))
  })

  it('come to all others where one of those who take them throws', async () => {
    const throwing = readBytes(arrived('a'), { limit: 10, announced: 1 }, () => {
      throw new Error('no JSON')
    })
    const other = readBytes(arrived('b'), { limit: 10, announced: 1 }, whole)
    expect(await throwing.then(String, String)).to.equal('Error: no JSON')
    expect((await other).toString()).to.equal('b')
  })

  it('come to all others where a listener of somebody else throws, and the throw is not swallowed', async () => {
    const before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const uncaught = once(process, 'uncaughtException')
    try {
      const [request, others] = [arrived('a'), [arrived('b'), arrived('c')]]
      request.on('end', () => {
        throw new Error('of a middleware')
      })
      request.push(null)
      const results = [request, ...others].map((one) => readBytes(one, { limit: 10, announced: 1 }, whole))
      expect((await Promise.all(results)).map(String)).to.deep.equal(['a', 'b', 'c'])
      expect(String((await uncaught)[0])).to.equal('Error: of a middleware')
    } finally {
      for (const listener of before) process.on('uncaughtException', listener)
    }
  })

  it('are not taken from a request that was destroyed a moment before', async () => {
    const request = arrived('abc')
    const result = readBytes(request, { limit: 10, announced: 3 }, (outcome) => outcome)
    request.destroy()
    expect(await result).to.be.instanceOf(RequestAborted)
  })

  it('do not end the process where a middleware has such a request say that it failed, before or after', async () => {
    const request = arrived('abc')
    const result = readBytes(request, { limit: 10, announced: 3 }, whole)
    request.emit('error', new Error('a middleware'))
    expect((await result).toString()).to.equal('abc')
    request.emit('error', new Error('a middleware'))
  })

  it('are not taken for none where somebody else has read them meanwhile', async () => {
    const request = arrived('abc')
    process.nextTick(() => request.read())
    const outcome = await readBytes(request, { limit: 10, announced: 3 }, String)
    expect(outcome).to.contain('TypeError').and.to.contain('a middleware read the body')
  })

  it('are waited for only where they are not here', async () => {
    for (const [announced, waits] of [
      [3, 0],
      [4, 1],
    ] as const) {
      let waited = 0
      const request = arrived('abc')
      const result = readBytes(request, { limit: 10, announced, onWait: () => (waited += 1) }, String)
      await new Promise((resolve) => setImmediate(resolve))
      expect(waited, String(announced)).to.equal(waits)
      request.push(null)
      await result
    }
  })

  it('are refused past the limit, whatever was announced', async () => {
    expect(await readBytes(arrived('abc'), { limit: 2, announced: 3 }, (outcome) => outcome)).to.be.instanceOf(PayloadTooLarge)
  })

  it('are given up where a middleware has a request of Node’s say that it failed', async () => {
    const request = new IncomingMessage(new Socket())
    const result = reading(request)
    request.emit('error', new Error('a middleware'))
    expect(await result).to.equal('request-aborted')
  })

  it('are not waited for where none will come', async () => {
    const destroyed = new PassThrough()
    destroyed.destroy()
    expect(await reading(destroyed)).to.equal('request-aborted')
    const ended = Readable.from([Buffer.from('a')])
    await ended.resume().toArray()
    expect(await reading(ended)).to.equal('request-aborted')
  })

  it('must be bytes: a host that had them decoded made a mistake, which ends no process', async () => {
    for (const announced of [undefined, 2]) {
      const decoded = arrived('{}').setEncoding('utf8')
      const outcome = await readBytes(decoded, { limit: 10, announced }, String)
      expect(outcome, String(announced)).to.contain('setEncoding')
    }
    expect(await reading(Readable.from([1, 2]))).to.contain('TypeError')
  })
})

describe('a body on a socket', () => {
  class Things {
    create() {}
  }
  const step = bodyReading({ limit: 20, wanted: () => true }).compile({
    policy: policyOf(Things, 'create'),
    name: 'Things.create',
    method: 'POST',
    path: '/',
    params: [],
    mistake: (problem) => expect.fail(problem),
    describe: () => undefined,
  })
  const sockets = new Set<Socket>()
  let server: Server
  let outcomes: Array<Promise<string>> = []
  let exchanges: Exchange[] = []
  let arrived: () => void = () => undefined

  async function outcomeOf(request: IncomingMessage): Promise<string> {
    const { headers, rawHeaders, method = '', url: target = '' } = request
    const exchange = exchangeOf({ request: { method, target, headers, rawHeaders, body: request } })
    exchanges.push(exchange)
    try {
      arrived()
      await take(step, exchange)
      return JSON.stringify(exchange.rawBody) ?? 'nothing'
    } catch (error) {
      return error instanceof ApiError ? error.code : String(error)
    }
  }

  async function answerWith(outcome: Promise<string>, request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.end(`${await outcome};`)
    discard(request)
  }

  before(async () => {
    server = createServer((request, response) => {
      const outcome = outcomeOf(request)
      outcomes.push(outcome)
      void answerWith(outcome, request, response)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
  })
  beforeEach(() => {
    outcomes = []
    exchanges = []
    arrived = () => undefined
  })
  after(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })

  /** A connection that has sent `text`, once the server reads it. */
  async function sent(text: string): Promise<Socket> {
    const seen = new Promise<void>((resolve) => (arrived = resolve))
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.on('error', () => undefined)
    sockets.add(socket)
    socket.write(text)
    await seen
    return socket
  }

  const head = (framing: string) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`

  it('comes chunked, slowly, byte by byte', async () => {
    const socket = await sent(head('Transfer-Encoding: chunked'))
    expect(exchanges[0]!.reading).to.equal(true)
    for (const byte of '{"a":1}') {
      socket.write(`1\r\n${byte}\r\n`)
      await new Promise((resolve) => setImmediate(resolve))
    }
    socket.write('0\r\n\r\n')
    expect(await outcomes[0]).to.equal('{"a":1}')
    expect(exchanges[0]!.reading).to.equal(false)
  })

  it('is stopped at the limit though its length was never said', async () => {
    await sent(`${head('Transfer-Encoding: chunked')}15\r\n${'1'.repeat(21)}\r\n`)
    expect(await outcomes[0]).to.equal('payload-too-large')
    expect(exchanges[0]!.reading).to.equal(false)
  })

  it('is gone when the client leaves before all that it announced', async () => {
    for (const framing of ['Content-Length: 9', 'Transfer-Encoding: chunked']) {
      outcomes = []
      const socket = await sent(head(framing))
      socket.end(framing.startsWith('C') ? '{"a":' : '5\r\n{"a":\r\n')
      expect(await outcomes[0], framing).to.equal('request-aborted')
    }
    outcomes = []
    const socket = await sent(`${head('Content-Length: 9')}{"a":`)
    socket.resetAndDestroy()
    expect(await outcomes[0]).to.equal('request-aborted')
    expect(exchanges.map((exchange) => exchange.reading)).to.deep.equal([false, false, false])
  })

  it('is whole with its last chunk, though a length stands beside the coding', async () => {
    const lax = createServer({ insecureHTTPParser: true }, (request, response) => {
      void answerWith(outcomeOf(request), request, response)
    })
    await once(lax.listen(0, '127.0.0.1'), 'listening')
    const socket = connect((lax.address() as AddressInfo).port, '127.0.0.1')
    socket.write(`${head('Content-Length: 2\r\nTransfer-Encoding: chunked')}2\r\n{}\r\n3\r\n[1]\r\n0\r\n\r\n`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    lax.close()
    expect(answer.toString()).to.contain('malformed-request')
  })

  it('ends where it said, and what follows is the next request', async () => {
    const socket = await sent(`${head('Content-Length: 2')}{}${head('Content-Length: 3')}[1]${head('Content-Length: 0')}`)
    const answers: string[] = []
    for await (const chunk of socket) {
      answers.push(String(chunk))
      if (answers.join('').split(';').length > 3) break
    }
    expect(await Promise.all(outcomes)).to.deep.equal(['{}', '[1]', 'nothing'])
  })

  it('leaves the connection usable after a refusal, once the rest of it has come', async () => {
    const socket = await sent(`${head('Content-Length: 30')}${'1'.repeat(10)}`)
    expect(await outcomes[0]).to.equal('payload-too-large')
    socket.write(`${'1'.repeat(20)}${head('Content-Length: 2')}{}`)
    const answers: string[] = []
    for await (const chunk of socket) {
      answers.push(String(chunk))
      if (answers.join('').includes('{};')) break
    }
    expect(await Promise.all(outcomes)).to.deep.equal(['payload-too-large', '{}'])
  })
})
