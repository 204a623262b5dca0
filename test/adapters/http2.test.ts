import { once } from 'node:events'
import { get } from 'node:https'
import { connect, constants } from 'node:http2'
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  Http2ServerResponse,
  IncomingHttpHeaders,
  IncomingHttpStatusHeader,
  ServerHttp2Stream,
} from 'node:http2'
import { connect as connectTls } from 'node:tls'
import { expect } from 'chai'
import Koa3 from 'koa'
import { http, serve } from '../../adapters/http.js'
import type { Http2ServeOptions, NodeListener, RunningHttp2Server, RunningServer } from '../../adapters/http.js'
import { Http2Request, sendOverHttp2 } from '../../adapters/http2.js'
import { koa } from '../../adapters/koa.js'
import { isHttp2 } from '../../adapters/node.js'
import { RequestAborted, readBytes } from '../../lib/body/read.js'
import { kitApi } from '../../lib/testing/adapter-api.js'
import type { KitApi } from '../../lib/testing/adapter-api.js'
import { eventually, requestsOf } from '../../lib/testing/adapter-bodies.js'
import { selfSigned } from '../certificate.js'
import { RawHttp2 } from './http2-frames.js'
import { listenerOf } from './hosts.js'

const throughHttp = ({ api }: KitApi) => http(api)
const throughKoa = ({ api }: KitApi) => listenerOf(new Koa3().use(koa(api)))

const post = { ':method': 'POST', ':path': '/things', 'content-type': 'application/json' }

describe('over HTTP/2, a server that serve starts', () => {
  const open: Array<() => unknown> = []

  async function start(
    options: Partial<Http2ServeOptions> = {},
    listen: (kit: KitApi) => Parameters<typeof serve>[0] = ({ api }) => http(api),
  ) {
    const kit = kitApi()
    const server = await serve(listen(kit) as never, { http2: true, port: 0, ...options })
    open.push(() => server.close())
    return { ...kit, server }
  }

  function client({ url }: RunningServer<RunningHttp2Server>): ClientHttp2Session {
    const session = connect(url, { rejectUnauthorized: false })
    session.on('error', () => undefined)
    open.unshift(() => session.destroy())
    return session
  }

  afterEach(async () => {
    for (const close of open.splice(0)) await close()
  })

  it('answers, without a header that belongs to a connection', async () => {
    const warnings: string[] = []
    const note = ({ message }: Error) => void warnings.push(message)
    process.on('warning', note)
    open.push(() => process.off('warning', note))
    const { server } = await start()
    const { headers, body } = await answerOf(client(server).request({ ':path': '/things?page=2' }))
    expect([headers[':status'], body]).to.deep.equal([200, '{"page":2}'])
    expect(headers['x-frame-options']).to.equal('DENY')
    expect(headers).not.to.have.any.keys('connection', 'keep-alive', 'transfer-encoding')
    const refused = client(server).request(post)
    refused.end('a'.repeat(1_000))
    const large = await answerOf(refused)
    expect(large.headers).to.include({ ':status': 413 }).and.not.have.any.keys('connection')
    // Node leaves such headers out, and says so in the log of whoever runs it.
    const announced = client(server).request({ ...post, 'content-length': '1000000' })
    announced.on('error', () => undefined)
    await once(announced, 'response')
    expect(warnings).to.deep.equal([])
  })

  it('takes :authority for the host, and refuses a Host that names another', async () => {
    const { server, records } = await start()
    const session = client(server)
    const statusOf = async (headers: Record<string, string>) =>
      (await answerOf(session.request({ ':path': '/things', ...headers }))).headers[':status']
    expect(await statusOf({ ':authority': 'api.test' })).to.equal(200)
    const raw = await RawHttp2.open(server.port)
    raw.request(1, [[':method', 'GET'], ...line('/things'), ['host', 'api.test']])
    expect(await eventually(() => records.newest().length === 3)).to.equal(true)
    expect(records.newest(1)[0]).to.include({ status: 200 })
    raw.request(3, [[':method', 'GET'], ...line('/things'), ['host', 'evil.test']])
    expect(await eventually(() => records.newest().length === 4)).to.equal(true)
    expect(records.newest(1)[0]).to.include({ status: 400, reason: 'two-host' })
    raw.socket.destroy()
  })

  it('refuses two credentials, and lets no Transfer-Encoding through', async () => {
    const { server, seen } = await start()
    const raw = await RawHttp2.open(server.port)
    raw.request(1, [[':method', 'GET'], ...line('/things/me'), ['transfer-encoding', 'chunked']])
    raw.request(3, [[':method', 'GET'], ...line('/things/me'), ['authorization', 'Bearer a'], ['authorization', 'Bearer b']])
    const made = await requestsOf(seen)
    expect(made.map(({ status, reason }) => [status, reason])).to.deep.equal([[400, 'two-authorization']])
    raw.socket.destroy()
  })

  it('takes half a body for no body, where the client resets its stream: for Koa too', async () => {
    for (const listen of [undefined, throughKoa]) {
      for (const code of [constants.NGHTTP2_CANCEL, constants.NGHTTP2_NO_ERROR]) {
        const { server, seen } = await start({}, listen)
        const raw = await RawHttp2.open(server.port)
        raw.request(1, [[':method', 'POST'], ...line('/things'), ['content-type', 'application/json']], { ends: false })
        // As long as nothing follows, this is whole.
        raw.data(1, '{"name":"a"}')
        await new Promise((resolve) => setTimeout(resolve, 20))
        raw.reset(1, code)
        const [record] = await requestsOf(seen)
        expect([record?.status, record?.reason], String(code)).to.deep.equal([400, 'client-gone'])
        raw.socket.destroy()
      }
    }
  })

  it('takes what has come of a body for no body, where it is first read when the client has left', async () => {
    const reading: Array<Promise<unknown>> = []
    const { server } = await start({}, () => (request) => {
      if (!isHttp2(request)) return
      const own = new Http2Request(request, undefined)
      request.once('aborted', () => reading.push(readBytes(own.body, { limit: 1_000 }, (outcome) => outcome)))
    })
    const raw = await RawHttp2.open(server.port)
    raw.request(1, [[':method', 'POST'], ...line('/things')], { ends: false }).data(1, 'amount=10')
    await new Promise((resolve) => setTimeout(resolve, 20))
    raw.reset(1, constants.NGHTTP2_NO_ERROR)
    expect(await eventually(() => reading.length === 1)).to.equal(true)
    expect(await reading[0]).to.be.instanceOf(RequestAborted)
    raw.socket.destroy()
  })

  it('tells a client that its body is not wanted, when it has its answer', async () => {
    const { server } = await start()
    const stream = client(server).request({ ...post, ':path': '/nothing' })
    stream.write('a body that goes on')
    const { headers } = await answerOf(stream)
    expect([headers[':status'], stream.rstCode]).to.deep.equal([404, constants.NGHTTP2_NO_ERROR])
  })

  for (const [host, listen] of [
    ['node:http2', undefined],
    ['Koa', throughKoa],
    ['Koa, behind a middleware', ({ api }: KitApi) => listenerOf(new Koa3().use((_context, next) => next()).use(koa(api)))],
  ] as const) {
    it(`ends the stream of a client that goes on sending what was refused, which has read the whole answer: ${host}`, async () => {
      let last: ServerHttp2Stream | undefined
      const { server } = await start({}, (kit) => {
        const answer = (listen ?? throughHttp)(kit) as NodeListener
        const watching: NodeListener = (request, response) => {
          if (isHttp2(request)) last = request.stream
          answer(request, response)
        }
        return watching
      })
      const stream = client(server).request(post)
      stream.write('a'.repeat(50_000))
      const sending = setInterval(() => stream.writable && stream.write('a'.repeat(1_000)), 5)
      open.push(() => clearInterval(sending))
      // Node's client does not close a stream to which it still has something to write.
      const { headers, body } = await answerOf(stream, 'end')
      expect([headers[':status'], body.length]).to.deep.equal([413, Number(headers['content-length'])])
      expect(await eventually(() => last?.closed === true && last.destroyed)).to.equal(true)
    })
  }

  it('ends such a stream behind an answer that the client is slow to take, and not before', async () => {
    const { server } = await start({}, () => {
      const body = 'a'.repeat(300_000)
      const listener: NodeListener = (request, response) => {
        if (isHttp2(request)) sendOverHttp2(request, response as Http2ServerResponse, { status: 200, headers: [], body })
      }
      return listener
    })
    const stream = client(server).request(post)
    stream.write('a body that goes on')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect((await answerOf(stream)).body.length).to.equal(300_000)
  })

  it('reads a body without a length, and leaves trailers alone', async () => {
    const { server } = await start()
    const stream = client(server).request(post, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-admin': 'yes', authorization: 'Bearer a' }))
    stream.end('{"name":"a"}')
    expect((await answerOf(stream)).headers[':status']).to.equal(201)
  })

  it('tells a handler that its client has left, and lets go of the stream that it gives all the same: for Koa too', async () => {
    for (const listen of [undefined, throughKoa]) {
      const { server, watched } = await start({}, listen)
      const waiting = client(server).request({ ':path': '/things/waits' })
      waiting.on('error', () => undefined)
      expect(await eventually(() => watched.waiting === 1)).to.equal(true)
      waiting.close(constants.NGHTTP2_CANCEL)
      expect(await eventually(() => watched.told === 1)).to.equal(true)
      expect(await eventually(() => watched.isLetGo)).to.equal(true)
    }
  })

  it('makes no more of a stream than the client takes, and lets go of it when the client leaves', async () => {
    const { server, watched } = await start()
    const endless = client(server).request({ ':path': '/things/endless' })
    endless.on('error', () => undefined)
    await once(endless, 'response')
    await new Promise((resolve) => setTimeout(resolve, 50))
    // The client has taken nothing: what is made is what the windows of the connection and the buffers hold.
    expect(watched.chunks).to.be.below(32)
    endless.close(constants.NGHTTP2_CANCEL)
    expect(await eventually(() => watched.isLetGo)).to.equal(true)
  })

  it('resets a stream whose source breaks off, so that half an answer is no answer', async () => {
    const { server } = await start()
    const failure = await answerOf(client(server).request({ ':path': '/things/broken-stream' })).catch((error: unknown) => error)
    expect(failure).to.be.instanceOf(Error)
  })

  it('says how much a client may ask for at once', async () => {
    const session = client((await start({ http2: { maxConcurrentStreams: 7 } })).server)
    await once(session, 'remoteSettings')
    expect(session.remoteSettings).to.include({ maxConcurrentStreams: 7, maxHeaderListSize: 16_384, enablePush: false })
  })

  it('ends the connection of a client that begins requests to call them off', async () => {
    const { server } = await start({ http2: { maxResets: 20 } })
    const session = client(server)
    const goneAway = once(session, 'goaway')
    for (let count = 0; count < 40; count += 1) {
      const stream = session.request({ ':path': '/things/waits' })
      stream.on('error', () => undefined)
      stream.once('ready', () => stream.close(constants.NGHTTP2_CANCEL))
    }
    expect((await goneAway)[0]).to.equal(constants.NGHTTP2_ENHANCE_YOUR_CALM)
  })

  it('gives up a connection on which nothing is asked, and a body that does not come', async () => {
    const { server } = await start({ keepAliveTimeout: 30, requestTimeout: 60 })
    await once(client(server), 'close')
    const stream = client(server).request(post)
    stream.on('error', () => undefined)
    stream.write('{')
    await once(stream, 'close')
    expect(stream.rstCode).to.equal(constants.NGHTTP2_CANCEL)
  })

  it('ends a connection that has asked often enough, after its last answer', async () => {
    const { server } = await start({ maxRequestsPerSocket: 2 })
    const session = client(server)
    const closed = once(session, 'close')
    for (const target of ['/things/1', '/things/2'])
      expect((await answerOf(session.request({ ':path': target }))).headers[':status']).to.equal(200)
    await closed
  })

  it('refuses CONNECT with 405, as a problem', async () => {
    const { server } = await start()
    const stream = client(server).request({ ':method': 'CONNECT', ':authority': 'api.test:443' })
    const { headers, body } = await answerOf(stream)
    expect(headers).to.include({ ':status': 405, 'content-type': 'application/problem+json' })
    expect(JSON.parse(body)).to.include({ code: 'method-not-allowed', instance: headers['x-request-id'] })
  })

  it('drains: answers what is open, says that it takes nothing more, and ends', async () => {
    let release: (() => void) | undefined
    const { server } = await start({}, () => (_request, response) => {
      release = () => response.end('done')
    })
    const session = client(server)
    const answer = answerOf(session.request({ ':path': '/' }))
    expect(await eventually(() => release !== undefined)).to.equal(true)
    const goneAway = once(session, 'goaway')
    const closed = server.close()
    await goneAway
    release?.()
    expect((await answer).body).to.equal('done')
    await closed
  })

  it('ends connections that do not end by themselves', async () => {
    let arrived = 0
    const { server } = await start({ drain: 30 }, () => () => void (arrived += 1))
    const hanging = client(server).request({ ':path': '/' })
    hanging.on('error', () => undefined)
    expect(await eventually(() => arrived === 1)).to.equal(true)
    const ended = once(hanging, 'close')
    await server.close()
    await ended
  })

  describe('with TLS', () => {
    const tls = selfSigned()

    it('speaks HTTP/2 and HTTP/1.1, and says that both are encrypted', async () => {
      const { server } = await start({ tls })
      const second = await answerOf(client(server).request({ ':path': '/things/where' }))
      expect(JSON.parse(second.body)).to.include({ encrypted: true, address: '127.0.0.1' })
      const first = await overHttp1(server.url)
      expect(JSON.parse(first)).to.include({ encrypted: true, address: '127.0.0.1' })
    })

    it('drains connections of HTTP/1.1 that are kept and idle, or have never asked', async () => {
      const { server } = await start({ tls, drain: 5_000, keepAliveTimeout: 4_000 })
      const before = Date.now()
      await overHttp1(server.url, true)
      const silent = connectTls({ host: '127.0.0.1', port: server.port, ALPNProtocols: ['http/1.1'], rejectUnauthorized: false })
      silent.on('error', () => undefined)
      await once(silent, 'secureConnect')
      await new Promise((resolve) => setTimeout(resolve, 20))
      await server.close()
      expect(Date.now() - before).to.be.below(2_000)
    })
  })
})

/** What a request begins with, after its method. */
function line(path: string): ReadonlyArray<readonly [string, string]> {
  return [
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'api.test'],
  ]
}

function overHttp1(url: string, keepAlive = false): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = keepAlive ? { Connection: 'keep-alive' } : {}
    get(`${url}/things/where`, { rejectUnauthorized: false, headers }, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += String(chunk)
      })
      response.on('end', () => resolve(text))
    }).on('error', reject)
  })
}

function answerOf(
  stream: ClientHttp2Stream,
  last: 'end' | 'close' = 'close',
): Promise<{ readonly headers: IncomingHttpHeaders & IncomingHttpStatusHeader; readonly body: string }> {
  return new Promise((resolve, reject) => {
    let headers: IncomingHttpHeaders & IncomingHttpStatusHeader = {}
    let body = ''
    stream.on('response', (received) => {
      headers = received
    })
    stream.on('data', (chunk) => {
      body += String(chunk)
    })
    stream.on('error', reject)
    stream.on(last, () => resolve({ headers, body }))
  })
}
