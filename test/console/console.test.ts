import { createServer } from 'node:http'
import { expect } from 'chai'
import { http, serve } from '../../adapters/http.js'
import { securityConsole } from '../../lib/console.js'
import type { ConsoleOptions } from '../../lib/console.js'
import type { ConsoleState } from '../../lib/console/shape.js'
import { BootError, Controller, Get, NotFound, Public, createApi, createLogger, tokens } from '../../lib/index.js'
import { hosts, listen } from '../adapters/hosts.js'
import type { Running } from '../adapters/hosts.js'
import { openShop } from './shop.js'
import type { Shop } from './shop.js'

const files = ['/console', '/console/console.css', '/console/icon.svg', '/console/console.js', '/console/chart.js'] as const
const may = ['portcullis:read']

async function stateOf(shop: Shop): Promise<ConsoleState> {
  const { status, body } = await shop.call({ line: 'GET /console/state', as: shop.token('carol', may) })
  expect(status).to.equal(200)
  return JSON.parse(String(body)) as ConsoleState
}

const headerOf = (headers: readonly string[], name: string) => headers[headers.findIndex((one) => one.toLowerCase() === name) + 1]

/** Reads a stream of events until `enough`; rejects where that takes too long. */
async function readUntil(response: Response, enough: (text: string) => boolean): Promise<string> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!enough(text)) {
    const { value, done } = await reader.read()
    if (done) break
    text += value
  }
  await reader.cancel()
  return text
}

async function eventually<T>(ask: () => Promise<T>, isGood: (answer: T) => boolean): Promise<T> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const answer = await ask()
    if (isGood(answer)) return answer
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('it did not happen in two seconds')
}

describe('the console', () => {
  it('shows nothing to strangers, and nothing to those without its permission', async () => {
    const shop = openShop()
    for (const path of ['/console/state', '/console/events']) {
      expect((await shop.call({ line: `GET ${path}` })).status).to.equal(401)
      expect((await shop.call({ line: `GET ${path}`, as: shop.token('alice', ['orders:read', 'orders:write']) })).status).to.equal(403)
      expect((await shop.call({ line: `GET ${path}`, as: 'guessed' })).status).to.equal(401)
    }
    await shop.api.close()
  })

  it('has a page, a script and a style that everybody may load, and that hold no data', async () => {
    const shop = openShop()
    for (const path of files) {
      const { status, body } = await shop.call({ line: `GET ${path}` })
      expect(status, path).to.equal(200)
      for (const secret of ['/api/v1', 'orders', 'MemoryStateStore']) expect(String(body), path).not.to.contain(secret)
    }
    expect((await shop.call({ line: 'GET /console/nothing.js' })).status).to.equal(404)
    expect((await shop.call({ line: 'GET /console/..%2fconsole.js' })).status).to.equal(400)
    await shop.api.close()
  })

  it('closes these too, where that is wanted', async () => {
    const shop = openShop({ console: { publicPage: false } })
    for (const path of files) {
      expect((await shop.call({ line: `GET ${path}` })).status, path).to.equal(401)
      expect((await shop.call({ line: `GET ${path}`, as: shop.token('carol', may) })).status, path).to.equal(200)
    }
    await shop.api.close()
  })

  it('lets the page run its own script and nothing else, and be framed and cached by nobody', async () => {
    const shop = openShop()
    for (const path of files) {
      const { headers } = await shop.call({ line: `GET ${path}` })
      expect(headerOf(headers, 'content-security-policy')).to.equal(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; " +
          "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
      )
      expect(headerOf(headers, 'cache-control')).to.equal('no-store, no-transform')
      expect(headerOf(headers, 'x-frame-options')).to.equal('DENY')
    }
    const { body } = await shop.call({ line: 'GET /console' })
    expect(String(body)).not.to.match(/<style|style=|<script>|\son\w+=|https?:\/\//)
    await shop.api.close()
  })

  it('has nothing in its program that could turn a text into markup or code', async () => {
    const shop = openShop()
    const names = ['console', 'chart', 'elements', 'events', 'panels', 'routes', 'source', 'times']
    for (const name of names) {
      const { status, body } = await shop.call({ line: `GET /console/${name}.js` })
      expect(status, name).to.equal(200)
      expect(String(body), name).not.to.match(
        /innerHTML|outerHTML|insertAdjacent|document\.write|DOMParser|createContextualFragment|eval|Function\(/,
      )
    }
    await shop.api.close()
  })

  it('passes the proof at start-up, where every route must say what it returns too', () => {
    expect(() =>
      openShop({ api: { controllers: [securityConsole({ permission: 'portcullis:read' })], requireReturns: true } }),
    ).not.to.throw()
  })

  it('does not start with a permission that nobody defined', () => {
    expect(() => openShop({ console: { permission: 'portculis:read' } }))
      .to.throw(BootError)
      .with.property('message')
      .that.contains('did you mean "portcullis:read"?')
  })

  it('refuses options that are wrong, when it is made', () => {
    const wrong = (options: unknown) => () => securityConsole(options as ConsoleOptions)
    expect(wrong({})).to.throw(TypeError, 'needs a permission')
    expect(wrong({ permission: '' })).to.throw(TypeError, 'needs a permission')
    for (const path of ['console', '/console/', '/', '/:id', '/a b', '/a"b']) {
      expect(wrong({ permission: 'a:b', path }), path).to.throw(TypeError, 'write one without parameters')
    }
    for (const listeners of [0, 1.5, Number.NaN]) expect(wrong({ permission: 'a:b', listeners })).to.throw(TypeError, 'whole number')
  })

  it('encodes its title', async () => {
    const shop = openShop({ console: { title: '<script>alert(1)</script>"&' } })
    const { body } = await shop.call({ line: 'GET /console' })
    expect(String(body)).to.contain('<title>&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp; console</title>').and.not.contain('<script>')
    await shop.api.close()
  })

  it('tells what protects each route, and what is missing', async () => {
    const shop = openShop()
    const { routes } = await stateOf(shop)
    const gapsOf = (name: string) =>
      routes.find(({ handler }) => handler === name)!.protections.flatMap(({ gap }) => (gap === '' ? [] : [gap]))
    expect(gapsOf('OrdersController.create')).to.deep.equal([])
    expect(gapsOf('OrdersController.list')).to.deep.equal([])
    expect(gapsOf('OtherController.me')).to.deep.equal(['no own limit'])
    expect(gapsOf('WebhookController.payment')).to.deep.equal(['anyone may write', 'no @Validate', 'no @Audit'])
    expect(routes.filter(({ isOwn }) => isOwn).map(({ path }) => path)).to.have.members([
      ...['/console', '/console/:script', '/console/console.css', '/console/events', '/console/icon.svg', '/console/state'],
    ])
    for (const { handler, isOwn } of routes) if (isOwn) expect(gapsOf(handler), handler).to.deep.equal([])
    await shop.api.close()
  })

  it('counts what happens, but not itself', async () => {
    const shop = openShop()
    const alice = shop.token('alice', ['orders:read'])
    await shop.call({ line: 'GET /api/v1/orders', as: alice })
    await shop.call({ line: 'DELETE /api/v1/orders/a1', as: alice })
    await shop.call({ line: 'GET /api/v1/reports/2025', as: shop.token('bob', ['reports:read']) })
    await shop.call({ line: 'GET /nothing' })
    for (let time = 0; time < 6; time += 1) await shop.call({ line: 'POST /api/v1/login', body: { name: 'admin' } })
    await shop.call({ line: 'GET /console' })
    await stateOf(shop)
    const { series, reasons, limits, routes } = await stateOf(shop)
    expect([series.requests.at(-1), series.refused.at(-1), series.failed.at(-1)]).to.deep.equal([10, 8, 1])
    expect(reasons.map(({ reason, total }) => `${reason} ${total}`)).to.have.members([
      ...['wrong-credentials 5', 'rate-limit login 1', 'missing-permission orders:write 1', 'internal-error 1', 'not-found 1'],
    ])
    expect(limits.map(({ route, limit, rule, refused }) => [route, limit, rule, refused])).to.deep.equal([
      ['POST /api/v1/login', 'login', '5 per minute by address', 1],
    ])
    const login = routes.find(({ path }) => path === '/api/v1/login')
    expect([login?.requests, login?.refused]).to.deep.equal([6, 6])
    await shop.api.close()
  })

  it('finds the rule of a limit with several windows', async () => {
    const shop = openShop()
    const bob = shop.token('bob', ['reports:read'])
    for (let time = 0; time < 6; time += 1) await shop.call({ line: 'GET /api/v1/reports/2025', as: bob })
    const { limits } = await stateOf(shop)
    expect(limits.map(({ limit, rule }) => [limit, rule])).to.deep.equal([['reports-1m', '5 per minute; 50 per day by principal']])
    await shop.api.close()
  })

  it('tells whether the stores answer, and since when', async () => {
    const shop = openShop({ now: 1_700_000_000_000 })
    const statesOf = async () => (await stateOf(shop)).stores.map(({ name, state, since }) => [name, state, since])
    expect(await statesOf()).to.deep.equal([
      ['MemoryRateLimitStore', 'local', 0],
      ['SharedStateStore', 'answers', 0],
    ])
    shop.now += 60_000
    shop.state.change('lost')
    shop.now += 5_000
    expect((await statesOf())[1]).to.deep.equal(['SharedStateStore', 'lost', 1_700_000_060_000])
    shop.state.change('back')
    expect((await statesOf())[1]).to.deep.equal(['SharedStateStore', 'answers', 1_700_000_065_000])
    await shop.api.close()
  })

  it('asks how the audit chain is, once in ten seconds, and does not fail where it fails', async () => {
    let asked = 0
    const shop = openShop({ console: { chain: async () => ({ state: 'sound', records: (asked += 1), checkedAt: 5 }) } })
    await stateOf(shop)
    expect((await stateOf(shop)).chain).to.deep.equal({ state: 'sound', detail: '', records: 1, checkedAt: 5 })
    shop.now += 10_000
    expect((await stateOf(shop)).chain.records).to.equal(2)
    const broken = openShop({ console: { chain: () => Promise.reject(new Error('the key is hunter2')) } })
    expect((await stateOf(broken)).chain).to.deep.equal({
      state: 'unknown',
      detail: 'its status could not be asked for',
      records: 0,
      checkedAt: 0,
    })
    expect((await stateOf(openShop())).chain.state).to.equal('absent')
  })

  it('takes a sink, and checks its chain in the background', async () => {
    const answers: Array<(check: { readonly state: 'sound' | 'broken'; readonly records: number }) => void> = []
    const checkChain = () =>
      new Promise<{ readonly state: 'sound' | 'broken'; readonly records: number }>((resolve) => void answers.push(resolve))
    const shop = openShop({ console: { chain: { checkChain } }, now: 1_000 })
    const first = stateOf(shop)
    while (answers.length === 0) await new Promise(setImmediate)
    answers[0]?.({ state: 'sound', records: 7 })
    expect((await first).chain).to.deep.equal({ state: 'sound', detail: '', records: 7, checkedAt: 1_000 })
    shop.now += 60_000
    expect((await stateOf(shop)).chain).to.include({ state: 'sound', checkedAt: 1_000 })
    shop.now += 60_000
    await stateOf(shop)
    expect(answers).to.have.length(2)
    answers[1]?.({ state: 'broken', records: 3 })
    await new Promise(setImmediate)
    shop.now += 10_000
    expect((await stateOf(shop)).chain).to.include({ state: 'broken', records: 3, checkedAt: 61_000 })
    await shop.api.close()
    expect(() => securityConsole({ permission: 'a:b', chain: {} })).to.throw(TypeError, 'without a chain')
  })

  it('says that a chain cannot be read, and not why', async () => {
    const shop = openShop({ console: { chain: { checkChain: () => Promise.reject(new Error('EACCES /secret/place')) } }, now: 5 })
    expect((await stateOf(shop)).chain).to.deep.equal({ state: 'unknown', detail: 'it cannot be read', records: 0, checkedAt: 5 })
    // What nobody knows yet is asked for again soon.
    shop.now += 2_000
    expect((await stateOf(shop)).chain).to.include({ state: 'unknown', checkedAt: 2_005 })
    await shop.api.close()
  })

  it('masks secrets in reasons too, as records do', async () => {
    @Controller('/talkative', { inject: [] })
    class Talkative {
      @Get('/')
      @Public()
      get(): never {
        throw new NotFound('No.', { reason: 'no account for IBAN PT50000201231234567890154, password=hunter2' })
      }
    }
    const audit = { sinks: [], redact: { patterns: [/PT\d{23}/] } }
    const shop = openShop({ api: { controllers: [Talkative, securityConsole({ permission: 'portcullis:read' })], audit } })
    await shop.call({ line: 'GET /talkative' })
    const { reasons } = await stateOf(shop)
    expect(JSON.stringify(reasons))
      .to.contain('no account for IBAN')
      .and.not.match(/hunter2|PT50/)
    await shop.api.close()
  })

  it('tells of what detection has noticed', async () => {
    const shop = openShop({ api: { detection: {} } })
    for (let time = 0; time < 60; time += 1) await shop.call({ line: `GET /missing-${time}`, address: '203.0.113.66' })
    const { body } = await shop.call({ line: 'GET /console/events', as: shop.token('carol', may) })
    expect(String((body as { read(): unknown }).read())).to.contain('malicious_excess_404')
    await shop.api.close()
  })

  it('sends what is in the record of an event, and never what was asked to be masked', async () => {
    const shop = openShop()
    await shop.call({ line: 'POST /api/v1/login', body: { name: 'hunter2-the-body' } })
    await shop.call({ line: 'GET /api/v1/me?password=hunter2', as: 'aaaa.bbbb.cccc', headers: { 'user-agent': 'agent password=hunter2' } })
    const { body } = await shop.call({ line: 'GET /console/events', as: shop.token('carol', may) })
    const text = String((body as { read(): unknown }).read())
    expect(text).to.contain('"reason":"wrong-credentials"').and.to.contain('"path":"/api/v1/me"').and.not.contain('hunter2')
    await shop.api.close()
  })
})

for (const { name, listener } of hosts) {
  describe(`the events of the console behind ${name}`, () => {
    let shop: Shop
    let host: Running
    const ask = (headers: Record<string, string> = {}, signal?: AbortSignal) =>
      fetch(`${host.url}/console/events`, {
        headers: { authorization: `Bearer ${shop.token('carol', may)}`, ...headers },
        ...(signal === undefined ? {} : { signal }),
      })

    beforeEach(async () => {
      shop = openShop({ console: { listeners: 1 } })
      host = await listen(listener(shop.api))
    })

    afterEach(async () => {
      await shop.api.close()
      await host.close()
    })

    it('come while they happen, and go on where the listener left', async () => {
      const response = await ask()
      expect(response.headers.get('content-type')).to.equal('text/event-stream; charset=utf-8')
      expect(response.headers.get('x-accel-buffering')).to.equal('no')
      await fetch(`${host.url}/api/v1/me`, { headers: { authorization: 'Bearer forged-live' } })
      const text = await readUntil(response, (sofar) => sofar.includes('authn_login_fail'))
      expect(text).to.contain('sys_startup')
      const last = text
        .match(/^id: (.*)$/gm)!
        .at(-1)!
        .slice(4)
      await fetch(`${host.url}/api/v1/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"name":"eve"}' })
      const again = await eventually(
        () => ask({ 'last-event-id': last }),
        ({ status }) => status === 200,
      )
      const more = await readUntil(again, (sofar) => sofar.includes('wrong-credentials'))
      expect(more).not.to.contain('sys_startup')
    })

    it('are let go of when the listener leaves', async () => {
      const leave = new AbortController()
      const response = await ask({}, leave.signal)
      expect(response.status).to.equal(200)
      const refused = await ask()
      expect([refused.status, refused.headers.get('retry-after')]).to.deep.equal([503, '10'])
      leave.abort()
      const next = await eventually(
        () => ask(),
        ({ status }) => status === 200,
      )
      await next.body?.cancel()
    })

    it('end when the API is closed', async () => {
      const response = await ask()
      await shop.api.close()
      expect(await readUntil(response, () => false)).to.contain('sys_startup')
    })

    it('answer HEAD without anybody listening', async () => {
      const head = await fetch(`${host.url}/console/events`, {
        method: 'HEAD',
        headers: { authorization: `Bearer ${shop.token('carol', may)}` },
      })
      expect(head.status).to.equal(200)
      const next = await eventually(
        () => ask(),
        ({ status }) => status === 200,
      )
      await next.body?.cancel()
    })
  })
}

describe('a server with somebody who listens', () => {
  it('closes without waiting for them', async () => {
    const shop = openShop()
    const server = await serve(http(shop.api), { port: 0, drain: 60_000 })
    const response = await fetch(`${server.url}/console/events`, { headers: { authorization: `Bearer ${shop.token('carol', may)}` } })
    const reading = readUntil(response, () => false).catch(() => 'broken off')
    await server.close()
    await reading
    await shop.api.close()
  })

  it('holds nothing of a client who has left before the answer is there', async () => {
    const shop = openShop({ console: { listeners: 1 } })
    const listener = http(shop.api)
    const host = await listen(
      createServer((request, response) => {
        response.destroy()
        request.once('close', () => listener(request, response))
      }),
    )
    await fetch(`${host.url}/console/events`, { headers: { authorization: `Bearer ${shop.token('carol', may)}` } }).catch(() => undefined)
    const answer = () => shop.call({ line: 'GET /console/events', as: shop.token('carol', may) })
    expect((await eventually(answer, ({ status }) => status === 200)).status).to.equal(200)
    await shop.api.close()
    await host.close()
  })
})

describe('insight into an API', () => {
  @Controller('/plain', { inject: [] })
  class Plain {
    @Get('/')
    @Public()
    get() {
      return {}
    }
  }

  it('is there for controllers that name it, and for no others', () => {
    class Made {
      readonly made = true
    }
    @Controller('/asks', { factory: (services) => (services.resolve(tokens.insight) as object) && new Made() })
    class Asks {
      @Get('/')
      @Public()
      get() {
        return {}
      }
    }
    const options = { https: 'off', logger: createLogger({ silent: true }), audit: { sinks: [] } } as const
    expect(() => createApi({ ...options, controllers: [Plain, Asks] })).to.throw(BootError, 'Asks: it cannot be made')
    expect(() => createApi({ ...options, controllers: [Plain] })).not.to.throw()
  })

  it('does not let a watcher that fails fail a request', async () => {
    @Controller('/watching', { inject: [tokens.insight] })
    class Watching {
      constructor(insight: { watch(watcher: object): void }) {
        const fail = () => {
          throw new Error('the watcher is broken')
        }
        insight.watch({ requestSettled: fail, eventRecorded: fail, closed: fail })
      }

      @Get('/')
      @Public()
      get() {
        return { fine: true }
      }
    }
    const shop = openShop({ api: { controllers: [Watching] } })
    expect((await shop.call({ line: 'GET /watching' })).body).to.equal('{"fine":true}')
    expect((await shop.call({ line: 'GET /nothing' })).status).to.equal(404)
    await shop.api.close()
  })
})
