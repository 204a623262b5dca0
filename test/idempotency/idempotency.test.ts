import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import {
  ApiError,
  Authenticated,
  BootError,
  Conflict,
  Controller,
  Expose,
  Get,
  Idempotent,
  MemoryStateStore,
  PermissionDenied,
  Post,
  Public,
  Returns,
  TooManyRequests,
  Unavailable,
  Visible,
  anonymous,
  createApi,
  createContainer,
  createLogger,
  created,
  noContent,
  protection,
  reply,
  tokens,
} from '../../lib/index.js'
import type { Class } from '../../lib/decorator.js'
import type { Api, Authentication, IdempotentOptions, Identity, StateStore } from '../../lib/index.js'
import { RedisStateStore } from '../../lib/stores.js'
import { http } from '../../adapters/http.js'
import { hasRedis, startRedis } from '../rate-limit/redis-server.js'
import type { RedisServer } from '../rate-limit/redis-server.js'
import { bearerTokens, gate, heard, payments, requestOf, send, tokenOf, until } from './fixture.js'
import type { Call, Work } from './fixture.js'

/** Counts its runs. */
function counted(work: (run: number) => unknown = (run) => created({ run }, { location: `/payments/${run}` })) {
  const done = { runs: 0, work: (() => work((done.runs += 1))) as Work }
  return done
}

/** Stands still, later than the time at which tokens are issued. */
function clockOfTest() {
  return { time: Date.now() + 60_000 }
}

/** A store that a test makes fail, and looks into. */
function watchedStore(inner: StateStore = new MemoryStateStore()) {
  const seen = { calls: 0, texts: [] as string[], failing: new Set<keyof StateStore>(), inner }
  const ask = <T>(method: keyof StateStore, given: readonly string[], answer: () => T): T => {
    // Revocations are asked for in the same store.
    if (!given[0]?.startsWith('idempotency:')) return answer()
    seen.calls += 1
    seen.texts.push(given.join(' '))
    if (seen.failing.has(method)) throw new Unavailable(undefined, { reason: 'state-unavailable' })
    return answer()
  }
  const store: StateStore = {
    get: (name) => ask('get', [name], () => inner.get(name)),
    set: (name, value, until) => ask('set', [name, value], () => inner.set(name, value, until)),
    add: (name, value, until) => ask('add', [name, value], () => inner.add(name, value, until)),
    replace: (name, expected, value, until) => ask('replace', [name, value], () => inner.replace(name, expected, value, until)),
    take: (name) => ask('take', [name], () => inner.take(name)),
  }
  return { store, seen }
}

function boot(controller: Class, state: StateStore = new MemoryStateStore()): Api {
  const container = createContainer()
  container.register(tokens.state, { useValue: state })
  const logger = createLogger({ silent: true })
  return createApi({ controllers: [controller], container, authentication: bearerTokens, https: 'off', logger, audit: { sinks: [] } })
}

describe('@Idempotent', () => {
  it('answers the same request under the same key as the first time, and runs it once', async () => {
    const done = counted()
    const { api, records } = payments(done)
    const first = await send(api)
    const second = await send(api)
    expect([first.status, first.json, first.isReplayed]).to.deep.equal([201, { run: 1 }, false])
    expect([second.status, second.text, second.isReplayed]).to.deep.equal([201, first.text, true])
    expect(second.header('Location')).to.equal('/payments/1')
    expect(second.header('Content-Type')).to.equal('application/json')
    expect(second.header('X-Request-Id')).to.not.equal(undefined)
    expect(done.runs).to.equal(1)
    expect(records.newest(2).filter((record) => JSON.stringify(record).includes('idempotency: replayed'))).to.have.length(1)
  })

  it('takes the key bare as well as quoted', async () => {
    const done = counted()
    const { api } = payments(done)
    await send(api, { key: '"one"' })
    expect((await send(api, { key: 'one' })).isReplayed).to.equal(true)
    expect(done.runs).to.equal(1)
  })

  it('runs each request that has no key, and refuses it where a key is required', async () => {
    const done = counted()
    const { store, seen } = watchedStore()
    const { api } = payments({ ...done, state: store })
    for (const run of [1, 2]) expect((await send(api, { key: undefined })).json).to.deep.equal({ run })
    expect(seen.calls).to.equal(0)
    const strict = payments({ ...done, options: { required: true } })
    const refused = await send(strict.api, { key: undefined })
    expect([refused.status, refused.json['code']]).to.deep.equal([400, 'idempotency-key-missing'])
    expect(done.runs).to.equal(2)
  })

  it('refuses a key that is malformed', async () => {
    const done = counted()
    const { api } = payments(done)
    const { status, json } = await send(api, { key: 'a, b' })
    expect([status, json['code']]).to.deep.equal([400, 'malformed-request'])
    expect(done.runs).to.equal(0)
  })

  it('refuses another body or query under a key that was used', async () => {
    const done = counted()
    const { api } = payments(done)
    await send(api)
    const others: Call[] = [
      { body: { amount: 2, to: 'bob' } },
      { body: { amount: 1, to: 'Bob' } },
      { target: '/payments?fast=1' },
      { request: { mountPath: '/v2' } },
    ]
    for (const call of others) {
      const { status, json, isReplayed } = await send(api, call)
      expect([status, json['code'], isReplayed]).to.deep.equal([422, 'idempotency-key-reused', false])
    }
    expect(done.runs).to.equal(1)
    expect((await send(api)).isReplayed).to.equal(true)
  })

  it('refuses another path of the route under a key that was used', async () => {
    const accounts = new Map([
      ['/payments/of/7', 'alice'],
      ['/payments/of/8', 'alice'],
    ])
    const { api } = payments({ ...counted(), accounts })
    await send(api, { target: '/payments/of/7' })
    expect((await send(api, { target: '/payments/of/8' })).status).to.equal(422)
  })

  it('keeps keys of routes, callers and tenants apart', async () => {
    const done = counted()
    const { api } = payments(done)
    const calls: Call[] = [{}, { target: '/payments/again' }, { as: 'bob' }, { claims: { tenant: 'acme' } }]
    for (const call of calls) expect((await send(api, call)).isReplayed).to.equal(false)
    // Another body would be a 422 where the key were shared.
    expect((await send(api, { as: 'carol', body: { amount: 9, to: 'dave' } })).status).to.equal(201)
    for (const call of calls) expect((await send(api, call)).isReplayed).to.equal(true)
    expect(done.runs).to.equal(5)
  })

  it('gives nobody what another got, whatever the callers, keys and bodies are', async () => {
    const text = fc.constantFrom('a', 'b', 'a","b', '["a"]', 'a,b', String.raw`a\b`, '')
    const { api } = payments({
      work: ({ principal, body, request }) => ({ of: principal.id, to: body.to, key: request.headers['idempotency-key'] }),
    })
    const call = fc.record({ as: text.filter((as) => as !== ''), to: text, key: text.filter((key) => key !== '') })
    await fc.assert(
      fc.asyncProperty(call, async ({ as, to, key }) => {
        const quoted = JSON.stringify(key)
        const { status, json } = await send(api, { as, key: quoted, body: { amount: 1, to } })
        if (status === 422) return
        expect(json).to.deep.equal({ of: as, to, key: quoted })
      }),
      { numRuns: 150 },
    )
  })

  it('tells callers apart by kind, issuer, id, API key and tenant, and by nothing that they could write into another part', async () => {
    const part = fc.constantFrom('a', 'b', '', 'a","b', 'null')
    const maybe = fc.option(part, { nil: undefined })
    const somebody = fc.record({ kind: fc.constantFrom('user', 'client'), issuer: maybe, id: part, apiKeyId: maybe, tenant: maybe })
    const authentication: Authentication = {
      name: 'header',
      mistakes: [],
      open: () => ({
        ...{ challenge: undefined, refusal: [], isAmbient: false, bears: () => true },
        identify({ request }) {
          const { tenant, ...identity } = JSON.parse(String(request.headers['x-caller'])) as Partial<Identity> & { tenant?: string }
          return { ...anonymous, kind: 'user', ...identity, claims: { tenant } }
        },
      }),
    }
    const { api } = payments({ work: ({ request }) => request.headers['x-caller'], authentication })
    await fc.assert(
      fc.asyncProperty(somebody, async (caller) => {
        const own = JSON.stringify(caller)
        const request = requestOf({ as: '' })
        const { text } = heard(await api.answer({ ...request, headers: { ...request.headers, 'x-caller': own } }))
        expect(JSON.parse(text)).to.equal(own)
      }),
      { numRuns: 300 },
    )
  })

  it('keeps a hash of the key, never the key', async () => {
    const { store, seen } = watchedStore()
    const { api } = payments({ ...counted(), state: store })
    await send(api, { key: '"my-secret-key"' })
    expect(seen.texts.join('\n')).to.not.include('my-secret-key')
    expect(seen.texts.join('\n')).to.not.include('alice')
  })

  it('forgets an answer when its time is over', async () => {
    const clock = clockOfTest()
    const done = counted()
    const state = new MemoryStateStore({ clock: { now: () => clock.time } })
    const { api } = payments({ ...done, state, clock, options: { keepFor: '10 s' } })
    expect((await send(api)).status).to.equal(201)
    clock.time += 9_999
    expect((await send(api)).isReplayed).to.equal(true)
    clock.time += 1
    expect((await send(api)).json).to.deep.equal({ run: 2 })
  })

  describe('asks before it repeats an answer', () => {
    it('whether the caller still has the permission of the route', async () => {
      const permissions = new Set(['payments:write'])
      const { api } = payments({ ...counted(), permissions })
      await send(api)
      permissions.clear()
      const { status, text } = await send(api)
      expect(status).to.equal(403)
      expect(text).to.not.include('run')
    })

    it('whether the caller still has every permission with which it was made', async () => {
      const permissions = new Set(['payments:write', 'payments:margin'])
      const { api } = payments({ ...counted(), permissions })
      await send(api)
      permissions.delete('payments:margin')
      expect((await send(api)).status).to.equal(403)
      permissions.add('payments:margin').add('payments:more')
      expect((await send(api)).isReplayed).to.equal(true)
    })

    it('whether the object is still there, and still the caller’s', async () => {
      const target = '/payments/of/7'
      const accounts = new Map([[target, 'alice']])
      const { api } = payments({ ...counted(), accounts })
      await send(api, { target })
      expect((await send(api, { target })).isReplayed).to.equal(true)
      accounts.set(target, 'bob')
      expect((await send(api, { target })).status).to.equal(404)
      accounts.delete(target)
      expect((await send(api, { target })).status).to.equal(404)
    })

    it('a protection of one’s own in any phase', async () => {
      let isOpen = true
      const guards = (['object', 'repeat'] as const).map((phase) =>
        protection<true>({
          ...{ name: `Open in ${phase}`, phase },
          compile: () => () => {
            if (!isOpen) throw new PermissionDenied()
          },
        }),
      )
      for (const Open of guards) {
        @Controller('/payments', { inject: [] })
        class Guarded {
          @Post('/')
          @Authenticated()
          @Open(true)
          @Idempotent()
          pay() {
            return { paid: true }
          }
        }
        const api = boot(Guarded)
        await send(api)
        isOpen = false
        expect((await send(api)).status).to.equal(403)
        isOpen = true
        expect((await send(api)).isReplayed).to.equal(true)
      }
    })
  })

  describe('keeps', () => {
    async function twice(work: (run: number) => unknown, options: IdempotentOptions = {}) {
      const done = counted(work)
      const { api } = payments({ ...done, options })
      return { first: await send(api), second: await send(api), done }
    }

    it('bytes, texts, empty answers and headers of the handler, to the byte', async () => {
      const bodies = [Buffer.from([0, 255, 10, 128]), 'päid', undefined, { a: 'ü' }, null, []]
      for (const body of bodies) {
        const headers = typeof body === 'string' ? { 'Content-Type': 'text/plain; charset=utf-8' } : {}
        const { first, second, done } = await twice(() => reply(202, body, { ...headers, ETag: '"1"' }))
        expect(done.runs).to.equal(1)
        for (const name of ['Content-Type', 'Content-Length', 'ETag']) expect(second.header(name), name).to.equal(first.header(name))
        expect([second.status, second.text, second.isReplayed]).to.deep.equal([202, first.text, true])
      }
      const { second } = await twice(() => noContent())
      expect([second.status, second.text, second.isReplayed]).to.deep.equal([204, '', true])
    })

    it('headers that the handler added to the answer, and never Set-Cookie', async () => {
      const { api } = payments({
        work: (context) => {
          context.setHeader('X-Made', 'here')
          context.setHeader('Content-Length', '2')
          context.setHeader('Set-Cookie', 'a=1')
          return reply(200, {}, { 'set-cookie': 'b=2', 'X-Own': 'too' })
        },
      })
      const first = await send(api)
      const second = await send(api)
      expect(first.header('Set-Cookie')).to.equal('a=1')
      expect([second.isReplayed, second.header('Set-Cookie')]).to.deep.equal([true, undefined])
      expect([second.header('X-Made'), second.header('X-Own')]).to.deep.equal(['here', 'too'])
      for (const name of ['RateLimit', 'Content-Type', 'Content-Length']) expect(second.count(name), name).to.equal(1)
    })

    it('what a view let out, and not what the handler had', async () => {
      class Receipt {
        @Expose() id!: string
        @Expose() @Visible('payments:margin') margin!: string
      }
      const { store, seen } = watchedStore()
      @Controller('/payments', { inject: [] })
      class Viewed {
        @Post('/')
        @Authenticated()
        @Idempotent()
        @Returns(Receipt)
        pay() {
          return { id: '1', margin: 'secret-margin', hash: 'secret-hash' }
        }
      }
      const api = boot(Viewed, store)
      expect((await send(api)).text).to.equal('{"id":"1"}')
      expect((await send(api)).text).to.equal('{"id":"1"}')
      const written = seen.texts.join('\n')
      expect(written).to.include(Buffer.from('{"id":"1"}').toString('base64'))
      expect(written).to.not.include(Buffer.from('secret').toString('base64').slice(0, 7))
    })

    it('refusals of the handler, with their headers', async () => {
      const { first, second, done } = await twice(() => {
        throw new Conflict('Sold out.', { headers: ['X-Stock', '0'] })
      })
      expect([second.status, second.text, second.isReplayed]).to.deep.equal([409, first.text, true])
      expect([second.header('X-Stock'), second.header('Content-Type')]).to.deep.equal(['0', 'application/problem+json'])
      expect(done.runs).to.equal(1)
    })

    it('a failure as what it was, and not as what the handler had meant to give', async () => {
      const { api } = payments({
        work: (context) => {
          context.setHeader('Content-Type', 'text/html')
          throw new Conflict('Sold out.')
        },
      })
      await send(api)
      const second = await send(api)
      expect([second.isReplayed, second.header('Content-Type')]).to.deep.equal([true, 'application/problem+json'])
    })

    it('a 500, since nobody knows how much was done', async () => {
      const { first, second, done } = await twice(() => {
        throw new Error('half done')
      })
      expect([first.status, second.status, second.isReplayed, done.runs]).to.deep.equal([500, 500, true, 1])
      expect(second.text).to.equal(first.text)
    })

    it('a 503 that does not say when to come again', async () => {
      const { second, done } = await twice(() => {
        throw new Unavailable()
      })
      expect([second.status, second.isReplayed, done.runs]).to.deep.equal([503, true, 1])
    })

    it('of an answer that is too large, that it was given', async () => {
      const { first, second, done } = await twice(() => 'x'.repeat(100), { maxAnswer: 100 })
      expect(first.status).to.equal(200)
      expect([second.status, second.json['code'], done.runs]).to.deep.equal([409, 'idempotency-answer-not-kept', 1])
      expect((await twice(() => reply(200, Buffer.alloc(65_536)))).second.status).to.equal(409)
      expect((await twice(() => reply(200, Buffer.alloc(65_000)))).second.status).to.equal(200)
    })

    it('of a stream, that it was given', async () => {
      const { first, second, done } = await twice(() => Readable.from(['a']))
      expect([first.status, second.json['code'], done.runs]).to.deep.equal([200, 'idempotency-answer-not-kept', 1])
    })

    it('of an answer that was not let out, that it was given', async () => {
      let runs = 0
      const Closed = protection<true>({
        ...{ name: 'Closed', phase: 'answer' },
        compile: () => () => {
          throw new PermissionDenied()
        },
      })
      @Controller('/payments', { inject: [] })
      class Withheld {
        @Post('/')
        @Authenticated()
        @Closed(true)
        @Idempotent()
        pay() {
          return { runs: (runs += 1) }
        }
      }
      const api = boot(Withheld)
      expect((await send(api)).status).to.equal(403)
      expect((await send(api)).json['code']).to.equal('idempotency-answer-not-kept')
      expect(runs).to.equal(1)
    })
  })

  describe('gives the key back', () => {
    const refusals: ReadonlyArray<readonly [string, () => unknown]> = [
      ['401 that is returned', () => reply(401)],
      [
        '403',
        () => {
          throw new PermissionDenied()
        },
      ],
      [
        '429',
        () => {
          throw new TooManyRequests(1)
        },
      ],
      [
        '503 with Retry-After',
        () => {
          throw new Unavailable(undefined, { headers: ['Retry-After', '1'] })
        },
      ],
    ]
    for (const [name, refuse] of refusals) {
      it(`where the handler refuses with ${name}`, async () => {
        const done = counted((run) => (run === 1 ? refuse() : { run }))
        const { api } = payments(done)
        expect((await send(api)).status).to.be.greaterThan(400)
        const second = await send(api)
        expect([second.json, second.isReplayed]).to.deep.equal([{ run: 2 }, false])
        expect((await send(api)).isReplayed).to.equal(true)
      })
    }

    it('where the controller could not be made', async () => {
      let made = 0
      class Till {
        @Post('/')
        @Authenticated()
        @Idempotent()
        pay() {
          return { made }
        }
      }
      const factory = () => {
        made += 1
        if (made === 1) throw new Error('no till')
        return new Till()
      }
      Controller('/payments', { scope: 'request', factory })(Till)
      const api = boot(Till)
      expect((await send(api)).status).to.equal(500)
      expect((await send(api)).status).to.equal(200)
    })

    it('where input was not valid: nothing was claimed', async () => {
      const done = counted()
      const { api } = payments(done)
      expect((await send(api, { body: { amount: 'x' } })).status).to.equal(422)
      expect((await send(api)).status).to.equal(201)
    })
  })

  describe('while the first runs', () => {
    it('refuses the second with 409 and Retry-After, and another request with 422', async () => {
      const { promise, open } = gate<string>()
      const done = counted(() => promise)
      const { api } = payments(done)
      const first = send(api)
      await until(() => done.runs === 1)
      const second = await send(api)
      expect([second.status, second.json['code'], second.header('Retry-After')]).to.deep.equal([409, 'idempotency-key-in-use', '1'])
      expect((await send(api, { body: { amount: 2, to: 'bob' } })).status).to.equal(422)
      open('paid')
      expect((await first).status).to.equal(200)
      expect((await send(api)).isReplayed).to.equal(true)
    })

    it('lets the second wait for the answer of the first, where the route says so', async () => {
      const { promise, open } = gate<string>()
      const done = counted(() => promise)
      const { api } = payments({ ...done, options: { whileRunning: 'wait', waitFor: '4 s' } })
      const all = [send(api), send(api), send(api)]
      await until(() => done.runs === 1)
      open('paid')
      const heardOf = await Promise.all(all)
      expect(heardOf.map(({ text }) => text)).to.deep.equal(['"paid"', '"paid"', '"paid"'])
      expect(heardOf.filter(({ isReplayed }) => isReplayed)).to.have.length(2)
      expect(done.runs).to.equal(1)
    })

    it('refuses the second when it has waited long enough', async () => {
      const { promise, open } = gate<string>()
      const done = counted(() => promise)
      const { api } = payments({ ...done, options: { whileRunning: 'wait', waitFor: 30 } })
      const first = send(api)
      await until(() => done.runs === 1)
      expect((await send(api)).status).to.equal(409)
      open('paid')
      await first
    })

    it('does not keep waiting for a client that has left', async () => {
      const { promise, open } = gate<string>()
      const done = counted(() => promise)
      const { api } = payments({ ...done, options: { whileRunning: 'wait', waitFor: '5 min' } })
      const first = send(api)
      await until(() => done.runs === 1)
      expect((await send(api, { request: { gone: true } })).status).to.equal(409)
      open('paid')
      await first
    })

    it('lets one of those who wait run when the first has given the key back', async () => {
      const { promise, fail } = gate<string>()
      const done = counted((run) => (run === 1 ? promise : { run }))
      const { api } = payments({ ...done, options: { whileRunning: 'wait' } })
      const all = [send(api), send(api), send(api)]
      await until(() => done.runs === 1)
      fail(new TooManyRequests(1))
      const statuses = (await Promise.all(all)).map(({ status }) => status)
      expect(statuses.toSorted((a, b) => a - b)).to.deep.equal([200, 200, 429])
      expect(done.runs).to.equal(2)
    })

    it('waits no longer than the route’s time', async () => {
      const { promise, open } = gate<string>()
      const done = counted(() => promise)
      const { store, seen } = watchedStore()
      const slow = payments({ ...done, state: store })
      const { api } = payments({ ...done, state: store, timeout: 40, options: { whileRunning: 'wait' } })
      const first = send(slow.api)
      await until(() => done.runs === 1)
      expect((await send(api)).json['code']).to.equal('timeout')
      await delay(100)
      const after = seen.calls
      await delay(200)
      expect(seen.calls, 'it asks no more').to.equal(after)
      open('paid')
      await first
      expect(done.runs).to.equal(1)
    })
  })

  describe('when the handler’s time is up', () => {
    it('keeps the key taken until the handler has ended, then keeps its answer', async () => {
      const { promise, open } = gate<unknown>()
      const done = counted(() => promise)
      const { api } = payments({ ...done, timeout: 20 })
      expect((await send(api)).json['code']).to.equal('timeout')
      expect((await send(api)).status).to.equal(409)
      open(created({ id: 1 }))
      let late = await send(api)
      await until(async () => (late = await send(api)).status !== 409)
      expect([late.status, late.json, late.isReplayed]).to.deep.equal([201, { id: 1 }, true])
      expect(done.runs).to.equal(1)
    })

    it('keeps its failure too', async () => {
      const { promise, fail } = gate<unknown>()
      const done = counted(() => promise)
      const { api } = payments({ ...done, timeout: 20 })
      await send(api)
      fail(new ApiError(402, 'no-money', 'No money', 'Nothing left.'))
      await until(async () => (await send(api)).json['code'] === 'no-money')
      expect(done.runs).to.equal(1)
    })

    it('does not begin the handler where the claim came too late, and gives the key back', async () => {
      const inner = new MemoryStateStore()
      const { promise, open } = gate<void>()
      const { store, seen } = watchedStore(inner)
      const slow: StateStore = {
        ...store,
        add: async (name, value, end) => {
          await promise
          return store.add(name, value, end)
        },
      }
      const done = counted()
      const { api } = payments({ ...done, state: slow, timeout: 20 })
      expect((await send(api)).json['code']).to.equal('timeout')
      open()
      await until(() => seen.texts.filter((text) => text.includes('running')).length === 2)
      expect(done.runs).to.equal(0)
      expect((await send(api)).status).to.equal(201)
    })
  })

  describe('when a process dies', () => {
    it('frees the key with its lease, and not before', async () => {
      const clock = clockOfTest()
      const state = new MemoryStateStore({ clock: { now: () => clock.time } })
      const hang = gate<string>()
      const died = counted(() => hang.promise)
      const dead = payments({ ...died, state, clock })
      const done = counted()
      const { api } = payments({ ...done, state, clock })
      const lost = send(dead.api)
      await until(() => died.runs === 1)
      clock.time += 59_999
      expect((await send(api)).status).to.equal(409)
      clock.time += 1
      expect((await send(api)).json).to.deep.equal({ run: 1 })
      hang.open('what nobody waits for')
      await lost
      expect((await send(api)).json, 'an owner who comes back writes nothing').to.deep.equal({ run: 1 })
    })

    it('tells a handler that has lost its lease all the same, by its signal', async () => {
      const clock = clockOfTest()
      const state = new MemoryStateStore({ clock: { now: () => clock.time } })
      const { promise, open } = gate<string>()
      let signal: AbortSignal | undefined
      const { api } = payments({
        ...{ state, clock, options: { lease: '1 s' } },
        work: (context) => {
          signal = context.signal
          return promise
        },
      })
      const first = send(api)
      await until(() => signal !== undefined)
      clock.time += 1_000
      await until(() => signal?.aborted === true)
      open('late')
      await first
    })

    it('leaves the key to its lease where no answer could be made', async () => {
      const clock = clockOfTest()
      const state = new MemoryStateStore({ clock: { now: () => clock.time } })
      const done = counted((run) => {
        if (run > 1) return { run }
        const error = new Conflict()
        Object.defineProperty(error, 'document', {
          get: () => {
            throw new Error('no document')
          },
        })
        throw error
      })
      const { api } = payments({ ...done, state, clock, options: { lease: '1 s' } })
      expect((await send(api)).status).to.equal(500)
      clock.time += 600
      await delay(400)
      clock.time += 400
      expect((await send(api)).json).to.deep.equal({ run: 2 })
    })

    it('renews the lease while the handler runs', async () => {
      const clock = clockOfTest()
      const { store, seen } = watchedStore(new MemoryStateStore({ clock: { now: () => clock.time } }))
      const { promise, open } = gate<string>()
      const done = counted(() => promise)
      const { api } = payments({ ...done, state: store, clock, options: { lease: '1 s' } })
      const first = send(api)
      await until(() => done.runs === 1)
      const before = seen.calls
      clock.time += 900
      await until(() => seen.calls > before)
      clock.time += 900
      expect((await send(api)).status).to.equal(409)
      open('paid')
      await first
      expect(done.runs).to.equal(1)
    })
  })

  describe('when the store fails', () => {
    it('answers 503 and runs nothing', async () => {
      for (const method of ['add', 'get'] as const) {
        const { store, seen } = watchedStore()
        const done = counted()
        const { api } = payments({ ...done, state: store })
        if (method === 'get') await send(api)
        seen.failing.add(method)
        const { status, json } = await send(api)
        expect([status, json['code']]).to.deep.equal([503, 'unavailable'])
        expect(done.runs).to.equal(method === 'get' ? 1 : 0)
      }
    })

    it('answers what the handler answered, and keeps it when the store is back', async () => {
      const { store, seen } = watchedStore()
      const done = counted()
      const { api } = payments({ ...done, state: store })
      seen.failing.add('replace')
      expect((await send(api)).status).to.equal(201)
      expect((await send(api)).status).to.equal(409)
      seen.failing.clear()
      await delay(300)
      expect((await send(api)).isReplayed).to.equal(true)
      expect(done.runs).to.equal(1)
    })

    it('does not ask without an end where a key is taken and not there', async () => {
      const state = new MemoryStateStore()
      let asked = 0
      const isTaken = (name: string) => name.startsWith('idempotency:') && (asked += 1) <= 1_000
      const lying: StateStore = {
        ...watchedStore(state).store,
        add: (name, text, endsAt) => (isTaken(name) ? false : state.add(name, text, endsAt)),
        get: () => undefined,
      }
      const { api } = payments({ ...counted(), state: lying })
      expect((await send(api)).status).to.equal(409)
      expect(asked).to.be.below(10)
    })

    it('answers 503 where something else stands in its place', async () => {
      const ownTextOf = (text: string) => (name: string) => (name.startsWith('idempotency:') ? text : undefined)
      for (const text of [
        '',
        'null',
        '{"state":"done"}',
        '{"state":"done","request":"a"}',
        '{"state":"done","request":"a","permissions":1}',
        '[]',
      ]) {
        const state = new MemoryStateStore()
        const { api } = payments({ ...counted(), state: { ...watchedStore(state).store, add: () => false, get: ownTextOf(text) } })
        expect((await send(api)).status, text).to.equal(503)
      }
    })
  })

  describe('on two APIs with one store', () => {
    async function race(stores: readonly [StateStore, StateStore]) {
      const done = counted(async (run) => {
        await delay(20)
        return { run }
      })
      const options = { whileRunning: 'wait' } as const
      const apis = stores.map((state) => payments({ ...done, state, options }).api)
      const keys = ['a', 'b', 'c']
      const all = keys.flatMap((key) => Array.from({ length: 16 }, (_, index) => send(apis[index % 2] as Api, { key })))
      const answers = await Promise.all(all)
      expect(done.runs).to.equal(keys.length)
      expect(answers.filter(({ isReplayed }) => !isReplayed)).to.have.length(keys.length)
      for (const index of keys.keys()) {
        const own = answers.slice(index * 16, index * 16 + 16)
        expect(new Set(own.map(({ status, text }) => `${status} ${text}`)).size).to.equal(1)
      }
    }

    it('runs one of many at once, in memory', async () => {
      const state = new MemoryStateStore()
      await race([state, state])
    })

    describe('in Redis', () => {
      let server: RedisServer
      let clients: Redis[] = []

      before(async function () {
        if (!hasRedis()) this.skip()
        server = await startRedis()
        clients = [0, 1].map(() => new Redis(server.port, '127.0.0.1', { maxRetriesPerRequest: 0 }))
      })

      after(async () => {
        for (const client of clients) client.disconnect()
        await server?.stop()
      })

      it('runs one of many at once', async () => {
        const [one, other] = clients.map((client) => new RedisStateStore(client, { deadline: 5_000 }))
        await race([one as StateStore, other as StateStore])
      })
    })
  })

  describe('on a public route', () => {
    @Controller('/payments', { inject: [] })
    class Donations {
      static runs = 0

      @Post('/')
      @Public()
      @Idempotent({ dangerouslyTrustAddresses: true })
      give() {
        return { run: (Donations.runs += 1) }
      }
    }
    const api = boot(Donations)

    it('knows callers by their address group, and tells nobody that a key exists', async () => {
      const call = (address: string, target = '/payments') => send(api, { as: '', address, target })
      const first = await call('2001:db8::1')
      expect((await call('2001:db8::2')).text).to.equal(first.text)
      expect((await call('2001:db8:0:1::1')).isReplayed).to.equal(false)
      const other = await call('2001:db8::1', '/payments?other')
      expect([other.status, other.isReplayed]).to.deep.equal([200, false])
    })
  })

  it('tells the inventory, and explains without asking the store', async () => {
    const { store, seen } = watchedStore()
    const { api } = payments({ ...counted(), state: store, options: { required: true } })
    const [row] = api.inventory()
    expect(row?.protections.idempotency).to.deep.equal({ required: true, keepFor: 86_400_000, whileRunning: 'refuse' })
    const { decisions } = await api.explain({ method: 'POST', path: '/payments', as: { permissions: ['payments:write'] } })
    const own = decisions.filter(({ protection: name }) => name === 'idempotency')
    expect(own.map(({ phase, decision, declared }) => [phase, decision, declared])).to.deep.equal([
      ['repeat', 'depends', ['@Idempotent on Payments.pay']],
    ])
    expect(seen.calls).to.equal(0)
  })

  it('works over HTTP', async () => {
    const done = counted()
    const { api } = payments(done)
    const server = createServer(http(api)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/payments`
    const headers = { authorization: `Bearer ${tokenOf('alice')}`, 'content-type': 'application/json', 'idempotency-key': '"8e03978e"' }
    try {
      const answers = []
      for (let turn = 0; turn < 2; turn += 1) {
        const answer = await fetch(url, { method: 'POST', headers, body: '{"amount":1,"to":"bob"}' })
        answers.push([answer.status, await answer.text(), answer.headers.get('location'), answer.headers.get('idempotency-replayed')])
      }
      expect(answers).to.deep.equal([
        [201, '{"run":1}', '/payments/1', null],
        [201, '{"run":1}', '/payments/1', 'true'],
      ])
    } finally {
      server.close()
      server.closeAllConnections()
    }
  })

  describe('does not start', () => {
    const failing = (options: unknown) => {
      @Controller('/', { inject: [] })
      class Wrong {
        @Post('/')
        @Authenticated()
        @Idempotent(options as IdempotentOptions)
        pay() {}
      }
      return () => boot(Wrong)
    }

    it('with options that are out of range', () => {
      const wrong = [
        { keepFor: '1 day' },
        { keepFor: 999 },
        { keepFor: '366 d' },
        { lease: '500 ms' },
        { lease: '2 h' },
        { whileRunning: 'wait', waitFor: '6 min' },
        { whileRunning: 'queue' },
        { maxAnswer: 0 },
        { maxAnswer: 1.5 },
        { maxAnswer: 16_777_217 },
        { required: 'yes' },
        { dangerouslyTrustAddresses: 1 },
      ]
      for (const options of wrong) expect(failing(options), JSON.stringify(options)).to.throw(BootError, 'Wrong.pay')
      expect(failing({ keepFor: '7 d', lease: '1 h', maxAnswer: 16_777_216, whileRunning: 'wait', waitFor: '5 min' })).to.not.throw()
    })

    it('on a method that may be repeated as it is; of a class it speaks for the others', async () => {
      class Reads {
        @Get('/')
        @Authenticated()
        @Idempotent()
        read() {}
      }
      Controller('/', { inject: [] })(Reads)
      expect(() => boot(Reads)).to.throw(BootError, 'Reads.read')

      @Controller('/payments', { inject: [] })
      @Authenticated()
      @Idempotent()
      class Both {
        @Get('/')
        read() {
          return 'read'
        }

        @Post('/')
        pay() {
          return 'paid'
        }
      }
      const api = boot(Both)
      await api.answer(requestOf({ request: { method: 'GET' } }))
      expect(heard(await api.answer(requestOf({ request: { method: 'GET' } }))).isReplayed).to.equal(false)
      await send(api)
      expect((await send(api)).isReplayed).to.equal(true)
    })

    it('on a public route, unless its addresses are trusted', () => {
      @Controller('/', { inject: [] })
      class Open {
        @Post('/')
        @Public()
        @Idempotent()
        pay() {}
      }
      expect(() => boot(Open)).to.throw(BootError, 'dangerouslyTrustAddresses')
    })
  })
})
