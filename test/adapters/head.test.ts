import { once } from 'node:events'
import { IncomingMessage, ServerResponse, createServer } from 'node:http'
import { Socket, connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { isUnwatched, writeHead } from '../../adapters/head.js'
import { RouteReply } from '../../lib/answer.js'
import { HeaderBlock } from '../../lib/header-block.js'
import { fixture } from './fixture.js'
import { hosts, listen } from './hosts.js'

const name = fc.stringMatching(/^x-[a-z0-9]{1,10}$/)
const value = fc.stringMatching(/^[ -~]{0,40}$/).map((text) => text.trim())
const headers = fc.array(fc.tuple(name, value), { maxLength: 8 }).map((pairs) => pairs.flat())
const lengths = fc.constantFrom<readonly string[]>([], ['Content-Length', '2'], ['Connection', 'close', 'Content-Length', '2'])

const replies = fc
  .tuple(fc.constantFrom(200, 201, 204, 299, 304, 401, 422, 503, 599), headers, headers, lengths)
  .map(([status, block, own, length]) => new RouteReply(status, new HeaderBlock(block), [...own, ...length], 'ok'))

const requests = fc.constantFrom(
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET / HTTP/1.0\r\n\r\n',
  'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab',
  'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nab',
)

type Write = (request: IncomingMessage, response: ServerResponse) => void

/** All that a server sends to a client that sends so much, and then nothing more. */
async function bytesSent(bytes: string, write: Write, refusesToWait: boolean): Promise<string> {
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    response.sendDate = false
    write(request, response)
    response.end('ok')
  }
  const server = createServer({ keepAliveTimeout: 20 }, answer)
  if (refusesToWait) server.on('checkContinue', answer)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.end(bytes)
  let received = ''
  for await (const chunk of socket) received += String(chunk)
  server.close()
  return received
}

/** A response that notes what it was asked to write. */
function notingResponse(): { readonly response: ServerResponse; readonly stored: string[] } {
  const stored: string[] = []
  const response = new ServerResponse({ method: 'GET', httpVersionMajor: 1, httpVersionMinor: 1 } as IncomingMessage)
  Object.assign(response, { _storeHeader: (firstLines: string) => void stored.push(firstLines) })
  return { response, stored }
}

const request = { headers: {} } as IncomingMessage
const reply = new RouteReply(201, new HeaderBlock(['X-Frame-Options', 'DENY']), ['Content-Length', '2'], 'ok')

describe('the head of an answer', () => {
  it('is the same to the byte as what writeHead of Node makes, whoever asks for it', async () => {
    await fc.assert(
      fc.asyncProperty(requests, replies, fc.boolean(), async (bytes, one, refusesToWait) => {
        const { status, headers: all } = one
        const expected = await bytesSent(bytes, (_, response) => response.writeHead(status, all as string[]), refusesToWait)
        expect(expected).to.match(/^HTTP\/1\.1 \d{3} /)
        expect(await bytesSent(bytes, (incoming, response) => writeHead(incoming, response, one), refusesToWait)).to.equal(expected)
      }),
      { numRuns: 150 },
    )
  })

  it('is written with what all answers bear as one text, by this Node', () => {
    const { response, stored } = notingResponse()
    writeHead(request, response, reply)
    expect(stored).to.deep.equal(['HTTP/1.1 201 Created\r\nX-Frame-Options: DENY\r\n'])
    expect([response.statusCode, response.statusMessage]).to.deep.equal([201, 'Created'])
    expect(isUnwatched({ socket: new Socket() } as IncomingMessage, response, 0)).to.equal(true)
  })

  it('can be read off the response by logs of the host that listen for its end, and is one text where none do', async () => {
    const { api } = fixture()
    for (const { name, listener } of hosts) {
      const answer = listener(api)
      const seen: unknown[] = []
      const { url, close } = await listen((incoming, response) => {
        response.on(incoming.headers['user-agent'] === 'logged' ? 'finish' : 'close', () => seen.push(response.getHeader('content-type')))
        answer(incoming, response)
      })
      for (const agent of ['logged', 'other']) await (await fetch(`${url}/things`, { headers: { 'user-agent': agent } })).text()
      // Express says who it is in a header of its own, and so goes the other way.
      expect(seen, name).to.deep.equal(['application/json', name.startsWith('Express') ? 'application/json' : undefined])
      await close()
    }
    await api.close()
  })

  it('can be read off the response where a host has no connections, as for a serverless function', async () => {
    const { api } = fixture()
    for (const { name, listener } of hosts) {
      const socket = { encrypted: true, remoteAddress: '192.0.2.1', destroy: () => undefined } as unknown as Socket
      const incoming = Object.assign(new IncomingMessage(socket), {
        method: 'GET',
        url: '/things',
        headers: { host: 'a' },
        rawHeaders: ['Host', 'a'],
      })
      incoming.complete = true
      const response = new ServerResponse(incoming)
      response.assignSocket(new PassThrough().resume() as unknown as Socket)
      listener(api)(incoming, response)
      await once(response, 'finish')
      const { 'content-type': type, 'x-frame-options': framing } = response.getHeaders()
      expect([response.statusCode, type, framing], name).to.deep.equal([200, 'application/json', 'DENY'])
    }
    await api.close()
  })

  it('refuses what no header may hold, as Node does', () => {
    for (const own of [['X-Own', 'a\r\nSet-Cookie: b=1'], ['X-Own\r\nX-Other', 'a'], ['X-Own']]) {
      const { response } = notingResponse()
      delete (response as { _storeHeader?: unknown })._storeHeader
      expect(() => writeHead(request, response, new RouteReply(200, reply.block, own, 'ok')), own[0]).to.throw()
    }
  })

  it('goes through the writeHead of whoever has put one into the place of Node’s, for one response or for all', async () => {
    const seen: unknown[] = []
    const { writeHead: nodesOwn } = ServerResponse.prototype
    function wrapped(this: ServerResponse, ...given: unknown[]): ServerResponse {
      seen.push(given)
      return (nodesOwn as (...all: unknown[]) => ServerResponse).apply(this, given)
    }
    const own = notingResponse()
    own.response.writeHead = wrapped
    writeHead(request, own.response, reply)
    ServerResponse.prototype.writeHead = wrapped
    try {
      // As where a monitor is loaded before all else, and where it comes later.
      const early = (await import(`../../adapters/head.js?${String(Math.random())}`)) as { writeHead: typeof writeHead }
      early.writeHead(request, notingResponse().response, reply)
      writeHead(request, notingResponse().response, reply)
    } finally {
      ServerResponse.prototype.writeHead = nodesOwn
    }
    const given = [201, 'Created', ['X-Frame-Options', 'DENY', 'Content-Length', '2']]
    expect(seen).to.deep.equal([given, given, given])
  })

  it('goes through writeHead of a Node that would make another one of a text', async () => {
    const prototype = Object.getPrototypeOf(ServerResponse.prototype) as { _storeHeader: (...given: unknown[]) => void }
    const { _storeHeader: nodesOwn } = prototype
    prototype._storeHeader = function (this: object, firstLines, rest) {
      nodesOwn.call(this, String(firstLines).split('\r\n')[0], rest)
    }
    let other: { writeHead: typeof writeHead }
    try {
      other = (await import(`../../adapters/head.js?${String(Math.random())}`)) as { writeHead: typeof writeHead }
    } finally {
      prototype._storeHeader = nodesOwn
    }
    const { response, stored } = notingResponse()
    other.writeHead(request, response, reply)
    expect(stored).to.deep.equal(['HTTP/1.1 201 Created\r\n'])
  })
})
