import { expect } from 'chai'
import { fetchHandler } from '../../adapters/fetch.js'
import type { ApiRequest } from '../../lib/index.js'
import { kitApi } from '../../lib/testing/adapter-api.js'
import { eventually, requestsOf } from '../../lib/testing/adapter-bodies.js'
import { ThingsController, fixture } from './fixture.js'

const json = { 'Content-Type': 'application/json' }
const connection = () => ({ remoteAddress: '192.0.2.1' })

describe('behind a host of Fetch', () => {
  /** An API, and a function that asks it. */
  function open() {
    const kit = kitApi()
    const handler = fetchHandler(kit.api, { connection })
    return { ...kit, ask: (url: string, init?: RequestInit) => handler(new Request(url, init), undefined) }
  }

  it("takes the client's address from the host alone, and the protocol from the URL", async () => {
    const { api, ask } = open()
    const spoofed = { 'X-Forwarded-For': '203.0.113.7', 'X-Forwarded-Proto': 'https' }
    expect(await (await ask('http://api.test/things/where', { headers: spoofed })).json()).to.include({
      address: '192.0.2.1',
      encrypted: false,
    })
    expect(await (await ask('https://api.test/things/where')).json()).to.include({ encrypted: true })
    const handler = fetchHandler<{ ip: string }>(api, { connection: (_request, { ip }) => ({ remoteAddress: ip, encrypted: false }) })
    const answer = await handler(new Request('https://api.test/things/where'), { ip: '198.51.100.4' })
    expect(await answer.json()).to.include({ address: '198.51.100.4', encrypted: false })
  })

  it('refuses a Host that is not the host of the URL, and takes the default port for none', async () => {
    const { ask, records } = open()
    expect((await ask('https://api.test/things', { headers: { Host: 'api.test:443' } })).status).to.equal(200)
    for (const host of ['evil.test', 'api.test:444', 'evil@api.test', 'api.test, evil.test', 'api.test/x', '']) {
      expect((await ask('https://api.test/things', { headers: { Host: host } })).status, host).to.equal(400)
    }
    expect(records.newest(7).at(-1)).to.include({ status: 200 })
  })

  it('refuses a request whose URL its host could not make, and does not throw', async () => {
    const { api } = kitApi()
    const handler = fetchHandler(api, { connection })
    // As Bun hands them out (a path alone), and as Deno does.
    for (const [url, host] of [
      ['/things', 'a b'],
      ['/things', ''],
      ['/things', undefined],
      ['//api.test/things', undefined],
      ['http://a b/things', 'a b'],
      ['http://api.test:99999/things', 'api.test'],
    ] as const) {
      const request = new Request('http://api.test/things', host === undefined ? {} : { headers: { Host: host } })
      Object.defineProperty(request, 'url', { value: url })
      expect((await handler(request, undefined)).status, `${url} of ${host}`).to.equal(400)
    }
  })

  it('takes the target as it was sent, where the host can tell', async () => {
    const { api } = kitApi()
    const handler = fetchHandler(api, { connection: (_request, target: string) => ({ remoteAddress: undefined, target }) })
    expect((await handler(new Request('http://api.test/things'), '/x/../things')).status).to.equal(400)
    expect((await handler(new Request('http://0.0.0.0/things', { headers: { Host: 'api.test' } }), '/things')).status).to.equal(200)
  })

  it('refuses a fragment, which a URL holds and no request may', async () => {
    const { ask } = open()
    for (const url of ['http://api.test/things#x', 'http://api.test/things?page=1#x']) expect((await ask(url)).status, url).to.equal(400)
    expect((await ask('http://api.test?page=1')).status).to.equal(404)
  })

  it('tells headers apart that were sent twice and joined', async () => {
    const { ask, records } = open()
    const reasonOf = async (headers: Array<[string, string]>) => {
      await ask('http://api.test/things', { method: 'POST', body: '{"name":"a"}', headers })
      return records.newest(1)[0] as unknown as Record<string, unknown>
    }
    const bearer: Array<[string, string]> = [
      ['Authorization', 'Bearer a'],
      ['Authorization', 'Bearer b'],
    ]
    expect(await reasonOf(bearer)).to.include({ reason: 'two-authorization' })
    expect(
      await reasonOf([
        ['Content-Type', 'application/json'],
        ['Content-Type', 'text/plain'],
      ]),
    ).to.include({ reason: 'two-content-type' })
    expect(await reasonOf([['Content-Type', 'application/json; x="a,b"']])).to.include({ status: 201 })
    // One set of credentials whose parameters are a list.
    const signed = 'AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c'
    expect((await reasonOf([['Authorization', signed]]))['reason']).not.to.equal('two-authorization')
  })

  it('keeps cookies apart, and sends no body where there is none to send', async () => {
    const { ask } = open()
    expect((await ask('http://api.test/things/headers')).headers.getSetCookie()).to.deep.equal(['a=1; Path=/, not the end', 'b=2'])
    for (const [method, path] of [
      ['GET', 'nothing'],
      ['GET', 'unchanged'],
      ['HEAD', 'bytes'],
    ] as const) {
      expect((await ask(`http://api.test/things/${path}`, { method })).body, path).to.equal(null)
    }
    // A stream that is empty: for null, hosts would say Content-Length: 0, which GET does not.
    const head = await ask('http://api.test/things/stream', { method: 'HEAD' })
    expect(head.body).not.to.equal(null)
    expect(await head.text()).to.equal('')
    expect((await ask('http://api.test/things/bytes', { method: 'HEAD' })).headers.get('content-length')).to.equal('70000')
  })

  it('says that a connection must end, and nothing else of connections', async () => {
    const { ask } = open()
    const { status, headers } = await ask('http://api.test/things', { headers: { 'Transfer-Encoding': 'gzip, chunked' } })
    expect([status, headers.get('connection')]).to.deep.equal([400, 'close'])
    expect((await ask('http://api.test/things/stream')).headers.has('transfer-encoding')).to.equal(false)
  })

  it('reads a body no further than its limit, and lets go of it', async () => {
    const { ask } = open()
    const seen = { pulled: 0, isLetGo: false }
    const endless = new ReadableStream({
      pull(controller) {
        seen.pulled += 1
        controller.enqueue(Buffer.alloc(100, 'a'))
      },
      cancel() {
        seen.isLetGo = true
      },
    })
    const answer = await ask('http://api.test/things', { method: 'POST', headers: json, body: endless, duplex: 'half' })
    expect(answer.status).to.equal(413)
    expect(await eventually(() => seen.isLetGo)).to.equal(true)
    // What streams buffer on their way: 16 KB each.
    expect(seen.pulled).to.be.below(2_000)
  })

  it('takes a stream of nothing for no body, and bytes without a type for what nobody can read', async () => {
    const { ask } = open()
    const streamOf = (...chunks: string[]) =>
      new ReadableStream({
        start(controller) {
          for (const text of chunks) controller.enqueue(Buffer.from(text))
          controller.close()
        },
      })
    const post = (...chunks: string[]) => ask('http://api.test/things', { method: 'POST', body: streamOf(...chunks), duplex: 'half' })
    expect([(await post()).status, (await post('{"name":', '"a"}')).status]).to.deep.equal([422, 415])
  })

  it('refuses to be blind when something read the body before it', async () => {
    const { api } = kitApi()
    const handler = fetchHandler(api, { connection })
    const read = new Request('http://api.test/things', {
      method: 'POST',
      headers: { ...json, 'Content-Length': '12' },
      body: '{"name":"a"}',
    })
    const locked = read.clone()
    await read.text()
    const reader = locked.body?.getReader()
    expect((await handler(read, undefined)).status).to.equal(500)
    expect((await handler(locked, undefined)).status).to.equal(500)
    await reader?.cancel()
  })

  it('takes the rest of a body, whose beginning something else has read, for no body', async () => {
    const { api } = kitApi()
    const handler = fetchHandler(api, { connection })
    const body = new ReadableStream({
      start(controller) {
        for (const text of ['[', '{"name":"a"}']) controller.enqueue(Buffer.from(text))
        controller.close()
      },
    })
    const request = new Request('http://api.test/things', { method: 'POST', headers: json, body, duplex: 'half' })
    const reader = request.body!.getReader()
    await reader.read()
    reader.releaseLock()
    expect((await handler(request, undefined)).status).to.equal(500)
  })

  it('does not tell that the client has left when it has its answer', async () => {
    let told = 0
    const answer = (request: ApiRequest) => {
      request.onGone(() => void (told += 1))
      return Promise.resolve({ status: 200, headers: [], body: 'all of it' })
    }
    const handler = fetchHandler({ ...kitApi().api, answer }, { connection })
    const client = new AbortController()
    await handler(new Request('http://api.test/', { signal: client.signal }), undefined)
    client.abort()
    expect(told).to.equal(0)
  })

  it('tells a handler that the client has left', async () => {
    const { ask, seen, watched } = open()
    const client = new AbortController()
    const answer = ask('http://api.test/things/waits', { signal: client.signal })
    expect(await eventually(() => watched.waiting === 1)).to.equal(true)
    client.abort()
    await answer
    expect(watched.told).to.equal(1)
    expect((await requestsOf(seen))[0]?.client_gone).to.equal(true)
  })

  it('makes no more of a stream than is taken, and lets go of it when the client leaves', async () => {
    const { ask, watched } = open()
    const { body } = await ask('http://api.test/things/endless')
    const reader = body!.getReader()
    await reader.read()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(watched.chunks).to.be.below(4)
    await reader.cancel()
    expect(watched.isLetGo).to.equal(true)
  })

  it('breaks off where a stream breaks off', async () => {
    const { ask } = open()
    const failure = await (await ask('http://api.test/things/broken-stream')).text().catch((error: unknown) => error)
    expect(failure).to.be.instanceOf(Error)
  })

  it('gives undefined for what is not its own, and leaves the body', async () => {
    const handler = fetchHandler(kitApi().api, { connection, fallthrough: true })
    const other = new Request('http://api.test/other', { method: 'POST', body: 'mine' })
    expect(handler(other, undefined)).to.equal(undefined)
    expect(await other.text()).to.equal('mine')
    expect((await handler(new Request('http://api.test/things'), undefined))?.status).to.equal(200)
    expect((await handler(new Request('http://api.test/things/%2f'), undefined))?.status).to.equal(400)
  })

  it('binds one route, with the parameters that the host found', async () => {
    const { api } = fixture()
    const get = fetchHandler.route(api, ThingsController, 'get', { connection })
    expect(await (await get(new Request('http://api.test/old/a7'), undefined, { id: 'a7' })).text()).to.equal('{"id":"a7"}')
    expect((await get(new Request('http://api.test/old/a7', { method: 'DELETE' }), undefined, { id: 'a7' })).status).to.equal(405)
    expect((await get(new Request('http://api.test/old/a%2fb'), undefined, { id: 'a/b' })).status).to.equal(400)
  })
})
