import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import type { RequestListener } from 'node:http'
import { connect } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { expect } from 'chai'
import { http, serve } from '../../adapters/http.js'
import type { NodeOutgoing, RunningServer, ServeOptions } from '../../adapters/http.js'
import { eventually } from '../../lib/testing/adapter-bodies.js'
import { selfSigned } from '../certificate.js'
import { fixture } from './fixture.js'
import { flood, request, wire } from './wire.js'

describe('a server that serve starts', () => {
  const open: RunningServer[] = []

  async function start(options: ServeOptions = {}, listener: RequestListener = http(fixture().api)): Promise<RunningServer> {
    const server = await serve(listener, { port: 0, ...options })
    open.push(server)
    return server
  }

  afterEach(async () => {
    for (const server of open.splice(0)) await server.close()
  })

  it('says where it listens, and rejects where it cannot', async () => {
    const { url, port } = await start()
    expect(url).to.equal(`http://127.0.0.1:${port}`)
    expect((await fetch(`${url}/things`)).status).to.equal(200)
    const taken = await serve(http(fixture().api), { port }).catch((error: unknown) => error)
    expect(taken).to.include({ code: 'EADDRINUSE' })
  })

  const refused: ReadonlyArray<readonly [string, string, number]> = [
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['no Host', 'GET /things HTTP/1.1\r\n\r\n', 400],
    ['two lengths', 'POST /things HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}', 400],
    ['a length and chunks', 'POST /things HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    [
      'a coding that is not chunked',
      request('POST /things', { 'Transfer-Encoding': 'gzip, chunked', 'Content-Type': 'application/json' }),
      400,
    ],
    ['a folded header', 'GET /things HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n', 400],
    ['a space before the colon', 'GET /things HTTP/1.1\r\nHost : a\r\n\r\n', 400],
    ['headers without an end', `GET /things HTTP/1.1\r\nHost: a\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', 405],
    ['an unknown Expect', request('POST /things', { Expect: 'magic', 'Content-Length': '2' }), 400],
  ]

  for (const [what, bytes, status] of refused) {
    it(`refuses ${what} with ${status}, as a problem with all headers`, async () => {
      const { port } = await start()
      const answer = await wire(port, bytes)
      expect(answer.status).to.equal(status)
      expect(answer.header('content-type')).to.equal('application/problem+json')
      expect(answer.header('x-content-type-options')).to.equal('nosniff')
      const id = answer.header('x-request-id')
      expect(JSON.parse(answer.body)).to.include({ status, instance: id })
    })
  }

  for (const [what, bytes] of [
    ['bytes that are no request', '\u0001\u0002\r\n\r\n'],
    ['a malformed request', 'GET /things HTTP/1.1\r\nHost a\r\n\r\n'],
  ]) {
    it(`answers a whole request before it ends the connection for ${what} behind it`, async () => {
      const { port } = await start()
      const socket = connect(port, '127.0.0.1')
      socket.write(`GET /things HTTP/1.1\r\nHost: a\r\n\r\n${bytes}`)
      let received = ''
      for await (const chunk of socket) received += String(chunk)
      expect(received.match(/HTTP\/1\.1 \d+/g)).to.deep.equal(['HTTP/1.1 200'])
    })
  }

  for (const [what, bytes] of [
    ['bytes that are no request', 'GARBAGE\r\n\r\n'],
    ['half a request that does not go on', 'GET /next HT'],
  ]) {
    it(`waits for the answer to a whole request before it ends the connection for ${what} behind it`, async () => {
      const { port } = await start({ headersTimeout: 100, requestTimeout: 200 }, (_request, response) => {
        setTimeout(() => {
          response.write('half ')
          setTimeout(() => response.end('and half'), 200)
        }, 1_500)
      })
      const socket = connect(port, '127.0.0.1')
      const body = 'a=1'
      socket.write(request('POST /slow', {}, body) + bytes)
      // A client that goes on is not refused once for each piece.
      const more = setInterval(() => socket.write('MORE\r\n\r\n'), 100)
      let received = ''
      for await (const chunk of socket) received += String(chunk)
      clearInterval(more)
      expect(received.match(/HTTP\/1\.1 \d+/g)).to.deep.equal(['HTTP/1.1 200'])
      expect(received).to.match(/half [\s\S]*and half/)
    })
  }

  it('ends a connection on which much comes behind what was refused, though an answer is waited for', async () => {
    const { port } = await start({}, () => undefined)
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined).resume()
    socket.write(`${request('GET /slow')}GARBAGE\r\n\r\n`)
    expect(await flood(socket, 256 * 1024 * 1024)).to.be.below(64 * 1024 * 1024)
  })

  it('refuses a body that is malformed in its middle, though its handler waits', async () => {
    const { port } = await start({}, (asked) => void asked.resume())
    const answer = await wire(port, `${request('POST /slow', { 'Transfer-Encoding': 'chunked' })}3\r\na=1\r\nno chunk\r\n`)
    expect(answer.status).to.equal(400)
  })

  it('refuses headers that do not come in time with 408', async () => {
    const { port } = await start({ headersTimeout: 200, requestTimeout: 400 })
    const answer = await wire(port, 'GET /things HTTP/1.1\r\nHost: a\r\n')
    expect(answer.status).to.equal(408)
  }).timeout(5_000)

  it('ends the connection after a body that is too large, and the client reads why', async () => {
    const { port } = await start()
    const body = 'a'.repeat(1_000_000)
    const answer = await wire(port, request('POST /things', { 'Content-Type': 'application/json' }, body))
    expect(answer.status).to.equal(413)
    expect(answer.header('connection')).to.equal('close')
    const chunk = `${(65_536).toString(16)}\r\n${'a'.repeat(65_536)}\r\n`
    const chunked = request('POST /things', { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' }) + chunk.repeat(10)
    expect((await wire(port, chunked)).status).to.equal(413)
  })

  it('answers the next request on a connection after a refusal that is no matter of framing', async () => {
    const { port } = await start()
    const answers = await new Promise<string>((resolve, reject) => {
      let text = ''
      const socket = connect(port, '127.0.0.1', () =>
        socket.write(request('POST /things', { 'Content-Type': 'text/plain' }, 'x'.repeat(100)) + request('GET /things')),
      )
      socket.setTimeout(1_000, () => reject(new Error(text)))
      socket.on('data', (chunk) => {
        text += chunk.toString()
        if (text.endsWith('{"page":1}')) {
          socket.destroy()
          resolve(text)
        }
      })
    })
    expect(answers.match(/HTTP\/1\.1 \d+/g)).to.deep.equal(['HTTP/1.1 415', 'HTTP/1.1 200'])
  })

  it('ends a connection that has asked often enough, and begins nothing that came behind', async () => {
    const begun: Array<string | undefined> = []
    const answer = http(fixture().api)
    const { port } = await start({ maxRequestsPerSocket: 2 }, (asked, response) => {
      begun.push(asked.url)
      answer(asked, response)
    })
    const socket = connect(port, '127.0.0.1')
    socket.write(request('GET /things') + request('GET /things?page=2') + request('GET /things?page=3'))
    let received = ''
    for await (const chunk of socket) received += String(chunk)
    expect(received.match(/HTTP\/1\.1 \d+/g)).to.deep.equal(['HTTP/1.1 200', 'HTTP/1.1 200'])
    expect(received.match(/^Connection: .*$/gim)).to.deep.equal(['Connection: keep-alive', 'Connection: close'])
    expect(begun).to.deep.equal(['/things', '/things?page=2'])
  })

  it('drains: answers what is open, takes nothing new, and ends', async () => {
    let release: () => void = () => undefined
    const arrived = new Promise<void>((started) => {
      void start({}, (_request, response) => {
        release = () => response.end('done')
        started()
      }).then(({ url }) => httpRequest(url, (response) => response.on('data', (chunk) => bodies.push(String(chunk)))).end())
    })
    const bodies: string[] = []
    await arrived
    const [server] = open.splice(0)
    const closed = server!.close()
    const late = await fetch(server!.url).catch(() => 'refused')
    expect(late).to.equal('refused')
    release()
    await closed
    await eventually(() => bodies.length > 0)
    expect(bodies).to.deep.equal(['done'])
  })

  const tls = selfSigned()
  for (const [what, options] of [
    ['HTTP', {}],
    ['HTTPS', { tls }],
    ['HTTP/1.1 beside HTTP/2', { tls, http2: true }],
  ] as const) {
    it(`lets an answer reach a client that is slow, whole, before it ends: over ${what}`, async () => {
      const whole = 20_000_000
      const server = await serve((_request: unknown, response: Pick<NodeOutgoing, 'end'>) => void response.end(Buffer.alloc(whole)), {
        ...options,
        port: 0,
      })
      const { port } = server
      const socket = 'tls' in options ? connectSecurely({ port, rejectUnauthorized: false }) : connect(port, '127.0.0.1')
      socket.write(request('GET /'))
      await once(socket, 'readable')
      const closed = server.close()
      let received = 0
      for await (const chunk of socket as AsyncIterable<Buffer>) received += chunk.length
      await closed
      expect(received).to.be.above(whole)
    })

    it(`ends connections at once that are kept and idle, or have never asked: over ${what}`, async () => {
      const server = await serve((_request: unknown, response: Pick<NodeOutgoing, 'end'>) => void response.end('done'), {
        ...{ ...options, port: 0, drain: 20_000, keepAliveTimeout: 20_000, headersTimeout: 20_000 },
      })
      const { port } = server
      const open = () => ('tls' in options ? connectSecurely({ port, rejectUnauthorized: false }) : connect(port, '127.0.0.1'))
      const [kept, silent] = [open(), open()]
      await Promise.all([kept, silent].map((socket) => once(socket, 'tls' in options ? 'secureConnect' : 'connect')))
      kept.write(request('GET /'))
      await once(kept, 'data')
      const ended = Promise.all([kept, silent].map((socket) => once(socket.resume(), 'close')))
      const begin = performance.now()
      await server.close()
      await ended
      expect(performance.now() - begin).to.be.below(2_000)
    })
  }

  it('ends connections that do not end by themselves', async () => {
    const server = await serve(() => undefined, { port: 0, drain: 50 })
    const hanging = new Promise((resolve) => httpRequest(server.url).on('error', resolve).end())
    await new Promise((resolve) => server.server.once('request', resolve))
    await server.close()
    expect(await hanging).to.be.instanceOf(Error)
  })

  it('serves HTTPS with TLS 1.2 or newer', async () => {
    const broken = await Promise.resolve()
      .then(() => serve(http(fixture().api), { port: 0, tls: { key: 'no key', cert: 'no certificate' } }))
      .catch((error: unknown) => error)
    expect(broken).to.be.instanceOf(Error)
  })
})
