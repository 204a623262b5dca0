import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import compression from 'compression'
import express5 from 'express'
import express4 from 'express4'
import Koa3 from 'koa'
import bodyParser from 'koa-bodyparser'
import compress from 'koa-compress'
import mount from 'koa-mount'
import Koa2 from 'koa2'
import { express } from '../../adapters/express.js'
import { http } from '../../adapters/http.js'
import { koa } from '../../adapters/koa.js'
import type { Api } from '../../lib/index.js'
import { ThingsController, fixture, longText } from './fixture.js'
import { listen, listenerOf } from './hosts.js'
import type { Running } from './hosts.js'
import { request, wire } from './wire.js'

/** What a host's own program does around the API, said once for each host. */
interface Surroundings {
  /** The host answers what the API leaves to it, and the API runs under `/api`. */
  mounted(api: Api): RequestListener
  /** The host parses every JSON body first. */
  parsing(api: Api): RequestListener
  /** The host compresses every answer. */
  compressing(api: Api): RequestListener
  /** The host routes by itself, and hands one route to the API. */
  bound(api: Api): RequestListener
  /** A middleware of the host reads the body and leaves nothing of it. */
  draining(api: Api): RequestListener
}

function expressSurroundings(create: typeof express5): Surroundings {
  return {
    mounted: (api) =>
      create()
        .use('/api', express(api))
        .use((_request, response) => void response.status(418).send('the host')),
    parsing: (api) =>
      create()
        .use(create.json({ limit: '1mb' }))
        .use(express(api)),
    compressing: (api) => create().use(compression()).use(express(api)),
    bound: (api) => create().all('/old/:id', express.route(api, ThingsController, 'get')),
    draining: (api) =>
      create()
        .use((own, _response, next) => void own.resume().on('end', next))
        .use(express(api)),
  }
}

function koaSurroundings(Create: typeof Koa3): Surroundings {
  return {
    mounted: (api) =>
      listenerOf(
        new Create().use(mount('/api', koa(api))).use((context) => {
          context.status = 418
          context.body = 'the host'
        }),
      ),
    parsing: (api) => listenerOf(new Create().use(bodyParser({ jsonLimit: '1mb' })).use(koa(api))),
    compressing: (api) => listenerOf(new Create().use(compress()).use(koa(api))),
    bound: (api) =>
      listenerOf(
        new Create().use((context, next) => {
          Object.assign(context, { params: { id: context.path.slice('/old/'.length) } })
          return koa.route(api, ThingsController, 'get')(context, next)
        }),
      ),
    draining: (api) =>
      listenerOf(
        new Create()
          .use(async (context, next) => {
            for await (const _chunk of context.req);
            await next()
          })
          .use(koa(api)),
      ),
  }
}

const surroundings: ReadonlyArray<readonly [string, Surroundings]> = [
  ['Express 5', expressSurroundings(express5)],
  ['Express 4', expressSurroundings(express4)],
  ['Koa 3', koaSurroundings(Koa3)],
  ['Koa 2', koaSurroundings(Koa2)],
]

const json = { 'Content-Type': 'application/json' }

for (const [name, around] of surroundings) {
  describe(`behind ${name}`, () => {
    const open: Running[] = []

    async function start(how: keyof Surroundings): Promise<Running> {
      const host = await listen(around[how](fixture().api))
      open.push(host)
      return host
    }

    afterEach(async () => {
      for (const host of open.splice(0)) await host.close()
    })

    it('under a mount path, it answers its own routes and leaves everything else to the host', async () => {
      const { port } = await start('mounted')
      expect((await wire(port, request('GET /api/things?page=2'))).body).to.equal('{"page":2}')
      expect((await wire(port, request('POST /api/things', json, '{"name":"a"}'))).status).to.equal(201)
      for (const line of ['GET /api/other', 'PUT /api/things', 'GET /things', 'GET /api/THINGS']) {
        const answer = await wire(port, request(line))
        expect(answer.status, line).to.equal(418)
        expect(answer.header('x-frame-options'), line).to.equal(undefined)
      }
      for (const line of ['GET /api/things/a%2fb', 'GET /api/x/../things', 'GET /api/things/%zz']) {
        expect((await wire(port, request(line))).status, line).to.equal(400)
      }
    })

    it('says nothing of what it is made of', async () => {
      const { port } = await start('mounted')
      for (const line of ['GET /api/things?page=2', 'GET /api/things/%zz', 'POST /api/things']) {
        const answer = await wire(port, request(line))
        for (const header of ['x-powered-by', 'server']) expect(answer.header(header), `${line}: ${header}`).to.equal(undefined)
      }
    })

    it('sends browsers to the same place over HTTPS, under a mount path too', async () => {
      const host = await listen(around.mounted(fixture({ https: 'redirect', httpsHost: 'api.example.com' }).api))
      open.push(host)
      const answer = await wire(host.port, request('GET /api/things?page=2'))
      expect(answer.status).to.equal(308)
      expect(answer.header('location')).to.equal('https://api.example.com/api/things?page=2')
    })

    it('leaves the body of what is not its own to the host', async () => {
      const { api } = fixture()
      const host = await listen(
        name.startsWith('Express')
          ? express5()
              .use(express(api))
              .use(express5.json())
              .post('/own', (own, response) => void response.json(own.body))
          : listenerOf(
              new Koa3()
                .use(koa(api))
                .use(bodyParser())
                .use((context) => {
                  context.body = context.request.body
                }),
            ),
      )
      open.push(host)
      expect((await wire(host.port, request('POST /own', json, '{"mine":true}'))).body).to.equal('{"mine":true}')
    })

    it('takes what a body parser made of the body, and checks it as its own', async () => {
      const { port } = await start('parsing')
      const post = (body: string) => wire(port, request('POST /things', json, body))
      expect((await post('{"name":"a"}')).status).to.equal(201)
      expect((await post('{"name":"a","owner":1}')).status).to.equal(422)
      expect((await post(JSON.stringify({ name: 'a'.repeat(300) }))).status).to.equal(413)
      const poisoned = (await post('{"name":"a","__proto__":{"size":3}}')).status
      expect(poisoned).to.equal(400)
      const inflated = gzipSync(JSON.stringify({ name: ' '.repeat(5_000) }))
      const headers = { ...json, 'Content-Encoding': 'gzip', 'Content-Length': String(inflated.length) }
      expect((await wire(port, Buffer.concat([Buffer.from(request('POST /things', headers)), inflated]))).status).to.equal(413)
    })

    it('refuses to be blind when something read the body before it', async () => {
      const { port } = await start('draining')
      const answer = await wire(port, request('POST /things', json, '{"name":"a"}'))
      expect(answer.status).to.equal(500)
      expect((await wire(port, request('GET /things'))).status).to.equal(200)
    })

    it('lets the host compress its answers', async () => {
      const { url, port } = await start('compressing')
      const answer = await wire(port, request('HEAD /things/long', { 'Accept-Encoding': 'gzip' }))
      expect(answer.status).to.equal(200)
      const response = await fetch(`${url}/things/long`, { headers: { 'accept-encoding': 'gzip' } })
      expect(response.headers.get('content-encoding')).to.equal('gzip')
      expect(response.headers.get('x-frame-options')).to.equal('DENY')
      expect(((await response.json()) as { text: string }).text).to.equal(longText)
    })

    it('serves one route under a path of the host', async () => {
      const { port } = await start('bound')
      const answer = await wire(port, request('GET /old/a7'))
      expect(answer.body).to.equal('{"id":"a7"}')
      expect(answer.header('x-content-type-options')).to.equal('nosniff')
      expect((await wire(port, request(`GET /old/${'a'.repeat(65)}`))).status).to.equal(422)
      expect((await wire(port, request('HEAD /old/a7'))).status).to.equal(200)
      const other = await wire(port, request('DELETE /old/a7'))
      expect([other.status, other.header('allow')]).to.deep.equal([405, 'GET'])
    })
  })
}

describe('behind node:http', () => {
  it('leaves requests to a next, where there is one', async () => {
    const listener = http(fixture().api)
    const host = await listen(createServer((own, response) => listener(own, response, () => response.writeHead(418).end())))
    expect((await wire(host.port, request('GET /other'))).status).to.equal(418)
    expect((await wire(host.port, request('GET /things'))).status).to.equal(200)
    await host.close()
  })

  it('binds one route, with parameters of a router of your own', async () => {
    const answer = http.route(fixture().api, ThingsController, 'get')
    const host = await listen(createServer((own, response) => answer(own, response, { id: 'own' })))
    expect((await wire(host.port, request('GET /anything'))).body).to.equal('{"id":"own"}')
    await host.close()
  })

  it('does not bind what is no route', () => {
    expect(() => http.route(fixture().api, ThingsController, 'nothing')).to.throw(TypeError, 'ThingsController.nothing is no route')
  })

  it('serves nothing that stands behind a request whose framing it refuses', async () => {
    const { api, records } = fixture()
    const host = await listen(http(api))
    const trap = request('POST /things', { ...json, 'Transfer-Encoding': 'gzip, chunked' }, '0\r\n\r\n')
    await wire(host.port, trap + request('GET /things/smuggled'))
    const statuses = records.newest().map((record) => ('status' in record ? record.status : undefined))
    expect(statuses.filter((status) => status !== undefined)).to.deep.equal([400, 400])
    await host.close()
  })

  it('reads bodies that were compressed, and stops bombs', async () => {
    const host = await listen(http(fixture().api))
    const send = (body: Buffer, encoding = 'gzip') => {
      const headers = { ...json, 'Content-Encoding': encoding, 'Content-Length': String(body.length) }
      return wire(host.port, Buffer.concat([Buffer.from(request('POST /things', headers)), body]))
    }
    expect((await send(gzipSync('{"name":"a"}'))).status).to.equal(201)
    expect((await send(gzipSync(JSON.stringify({ name: 'a'.repeat(60_000) })))).status).to.equal(413)
    expect((await send(Buffer.from('no gzip'))).status).to.equal(400)
    expect((await send(gzipSync(gzipSync('{}')), 'gzip, gzip')).header('accept-encoding')).to.equal('gzip, deflate, br')
    await host.close()
  })
})
