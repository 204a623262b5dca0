import { expect } from 'chai'
import * as fc from 'fast-check'
import { parseList } from 'structured-headers'
import type { Context } from '../../lib/context.js'
import { TooManyRequests, Unauthenticated } from '../../lib/errors.js'
import { MemoryRateLimitStore, parseLimits, RateLimit } from '../../lib/rate-limit/rate-limit.js'
import type { Limit, RateLimitStore } from '../../lib/rate-limit/rate-limit.js'
import { Routes } from './route.js'

const ok = 200
const refused = 429

class Login {
  name = ''
}

const byName = ({ address, body }: Context<{ body: Login }>) => `${address} ${body.name}`

describe('@RateLimit', () => {
  it('limits each route and address for itself', async () => {
    class Orders {
      @RateLimit('2 per second')
      create() {}

      @RateLimit('2 per second')
      remove() {}
    }
    const routes = new Routes().add(Orders, 'create', 'remove')
    expect(await routes.statuses(3, 'Orders.create')).to.deep.equal([ok, ok, refused])
    expect(await routes.statuses(1, 'Orders.create', { address: '192.0.2.2' })).to.deep.equal([ok])
    expect(await routes.statuses(2, 'Orders.remove')).to.deep.equal([ok, ok])
    routes.clock.time += 1_000
    expect(await routes.statuses(3, 'Orders.create')).to.deep.equal([ok, ok, refused])
  })

  it('runs by address before authentication, by principal after it, by function after validation', () => {
    class Orders {
      @RateLimit('1/s')
      address() {}

      @RateLimit('1/s', { by: 'principal' })
      principal() {}

      @RateLimit('1/s', { by: () => '' })
      key() {}

      @RateLimit('1/s', { cost: () => 1 })
      cost() {}

      nothing() {}
    }
    const routes = new Routes().add(Orders, 'address', 'principal', 'key', 'cost', 'nothing')
    expect(routes.phases('Orders.address')).to.deep.equal(['network'])
    expect(routes.phases('Orders.principal')).to.deep.equal(['caller'])
    expect(routes.phases('Orders.key')).to.deep.equal(['object'])
    expect(routes.phases('Orders.cost')).to.deep.equal(['object'])
    expect(routes.phases('Orders.nothing')).to.deep.equal([])
  })

  it('counts a principal by issuer and id, whatever its address, and anonymous callers by theirs', async () => {
    class Orders {
      @RateLimit('1/h', { by: 'principal' })
      read() {}
    }
    const routes = new Routes().add(Orders, 'read')
    const ada = { id: 'ada', issuer: 'https://a.example' }
    expect(await routes.statuses(2, 'Orders.read', { principal: ada })).to.deep.equal([ok, refused])
    expect(await routes.statuses(1, 'Orders.read', { principal: ada, address: '192.0.2.9' })).to.deep.equal([refused])
    expect(await routes.statuses(1, 'Orders.read', { principal: { id: 'ada', issuer: 'https://b.example' } })).to.deep.equal([ok])
    expect(await routes.statuses(2, 'Orders.read')).to.deep.equal([ok, refused])
    expect(await routes.statuses(2, 'Orders.read', { address: '192.0.2.9' })).to.deep.equal([ok, refused])
    expect(await routes.statuses(1, 'Orders.read', { principal: { id: '192.0.2.1' } })).to.deep.equal([ok])
  })

  it('counts by a function that reads the validated body', async () => {
    class Sessions {
      @RateLimit('2 per minute', { by: byName })
      login() {}
    }
    const routes = new Routes().add(Sessions, 'login')
    expect(await routes.statuses(3, 'Sessions.login', { body: { name: 'ada' } })).to.deep.equal([ok, ok, refused])
    expect(await routes.statuses(1, 'Sessions.login', { body: { name: 'bob' } })).to.deep.equal([ok])
  })

  it('stops the call where the function fails or gives no text', async () => {
    class Sessions {
      @RateLimit('2/m', { by: () => undefined as unknown as string })
      none() {}

      @RateLimit('2/m', { by: () => Promise.resolve('x') as unknown as string })
      later() {}

      @RateLimit('2/m', { by: byName })
      unread() {}

      @RateLimit('2/m', { cost: () => Number.NaN })
      free() {}
    }
    const routes = new Routes().add(Sessions, 'none', 'later', 'unread', 'free')
    for (const name of ['none', 'later', 'unread', 'free']) {
      expect((await routes.call(`Sessions.${name}`)).error, name).to.be.instanceOf(TypeError)
    }
  })

  it('keeps counters apart whatever a client sends as its key', async () => {
    const key = ({ body }: Context<{ body: string }>) => body
    class Keys {
      @RateLimit('1/h', { by: key, scope: 'a' })
      a() {}

      @RateLimit('1/h', { by: key, scope: 'a|function|3600' })
      b() {}
    }
    const part = fc.constantFrom('a', '|', 'function', '3600', 'scope', '%7C', 'x')
    await fc.assert(
      fc.asyncProperty(
        fc.array(part).map((parts) => parts.join('')),
        fc.array(part).map((parts) => parts.join('')),
        async (one, other) => {
          const routes = new Routes().add(Keys, 'a', 'b')
          expect(await routes.statuses(2, 'Keys.a', { body: one })).to.deep.equal([ok, refused])
          expect(await routes.statuses(1, 'Keys.b', { body: other })).to.deep.equal([ok])
        },
      ),
      { numRuns: 30 },
    )
  })

  it('bounds the keys that it hands to the store', async () => {
    const keys: string[] = []
    const memory = new MemoryRateLimitStore()
    const store: RateLimitStore = {
      consume: (charges) => {
        keys.push(...charges.map(({ key }) => key))
        return memory.consume(charges)
      },
      refund: () => undefined,
      read: (charges) => memory.read(charges),
      reset: () => undefined,
    }
    class Sessions {
      @RateLimit('2/m', { by: byName })
      login() {}
    }
    await new Routes({}, store).add(Sessions, 'login').call('Sessions.login', { body: { name: 'x'.repeat(10 ** 6) } })
    expect(keys.map(({ length }) => length)).to.satisfy(
      (lengths: number[]) => lengths.length === 1 && lengths.every((length) => length <= 200),
    )
  })

  it('adds up what the API, the class and the method declare', async () => {
    @RateLimit('3 per minute')
    class Orders {
      @RateLimit('2 per second')
      @RateLimit('4 per hour', { by: 'principal' })
      create() {}

      read() {}
    }
    const routes = new Routes({ default: '100 per minute; 1000 per hour' }).add(Orders, 'create', 'read')
    expect(routes.facts.get('Orders.create limits')).to.deep.equal([
      '100 per minute; 1000 per hour by address',
      '3 per minute by address',
      '2 per second by address',
      '4 per hour by principal',
    ])
    expect(await routes.statuses(3, 'Orders.create')).to.deep.equal([ok, ok, refused])
    routes.clock.time += 1_000
    expect(await routes.statuses(2, 'Orders.create')).to.deep.equal([ok, refused])
    routes.clock.time += 60_000
    expect(await routes.statuses(2, 'Orders.create')).to.deep.equal([ok, refused])
    expect(await routes.statuses(4, 'Orders.read')).to.deep.equal([ok, ok, ok, refused])
  })

  it('leaves wider limits away where a declaration overrides them, and keeps its neighbours', () => {
    @RateLimit('1 per minute')
    class Parent {
      @RateLimit('2 per minute')
      create() {}
    }
    @RateLimit('3 per minute', { overrides: true })
    class Child extends Parent {
      @RateLimit('4 per minute')
      override create() {}

      @RateLimit('5 per minute', { by: 'principal' })
      @RateLimit('6 per minute', { overrides: true })
      read() {}
    }
    const routes = new Routes({ default: '100/m' }).add(Parent, 'create').add(Child, 'create', 'read')
    expect(routes.facts.get('Parent.create limits')).to.deep.equal([
      '100 per minute by address',
      '1 per minute by address',
      '2 per minute by address',
    ])
    expect(routes.facts.get('Child.create limits')).to.deep.equal([
      '3 per minute by address',
      '2 per minute by address',
      '4 per minute by address',
    ])
    expect(routes.facts.get('Child.read limits')).to.deep.equal(['5 per minute by principal', '6 per minute by address'])
  })

  it('counts the routes of a scope together, each at its own cost', async () => {
    class Search {
      @RateLimit('5 per minute', { scope: 'search' })
      quick() {}

      @RateLimit('5 per minute', { scope: 'search', cost: 3 })
      deep() {}
    }
    const routes = new Routes().add(Search, 'quick', 'deep')
    expect(routes.mistakes).to.deep.equal([])
    expect(await routes.statuses(2, 'Search.deep')).to.deep.equal([ok, refused])
    expect(await routes.statuses(3, 'Search.quick')).to.deep.equal([ok, ok, refused])
  })

  it('asks a function for the cost', async () => {
    class Search {
      @RateLimit('5 per minute', { cost: ({ body }: Context<{ body: number }>) => body })
      run() {}
    }
    const routes = new Routes().add(Search, 'run')
    expect(await routes.statuses(1, 'Search.run', { body: 4 })).to.deep.equal([ok])
    expect(await routes.statuses(1, 'Search.run', { body: 2 })).to.deep.equal([refused])
    expect(await routes.statuses(2, 'Search.run', { body: 0 })).to.deep.equal([ok, ok])
    expect(await routes.statuses(2, 'Search.run', { body: 1 })).to.deep.equal([ok, refused])
  })

  it('charges failed logins more, and drops what exceeds the limit', async () => {
    class Sessions {
      @RateLimit('10 per minute', { failureCost: 4 })
      login() {}
    }
    const routes = new Routes().add(Sessions, 'login')
    const wrong = {
      between: (phase: string) => {
        if (phase === 'handler') throw new Unauthenticated()
      },
    }
    const first = await routes.call('Sessions.login', wrong)
    expect(first.status).to.equal(401)
    expect(first.headers.get('RateLimit')).to.equal('"route";r=5;t=60')
    expect(await routes.statuses(2, 'Sessions.login')).to.deep.equal([ok, ok])
    expect(await routes.statuses(2, 'Sessions.login', wrong)).to.deep.equal([401, refused])
  })

  it('charges no more for refusals other than 401', async () => {
    class Sessions {
      @RateLimit('3 per minute', { failureCost: 3 })
      login() {}
    }
    const routes = new Routes().add(Sessions, 'login')
    const limited = () => {
      throw new TooManyRequests(1)
    }
    expect(await routes.statuses(3, 'Sessions.login', { between: (phase) => phase === 'handler' && limited() })).to.deep.equal([
      429, 429, 429,
    ])
    expect((await routes.call('Sessions.login')).headers.get('RateLimit')).to.equal('"route";r=0;t=60')
  })

  it('gives back what earlier phases charged where a later one refuses', async () => {
    class Orders {
      @RateLimit('5 per minute')
      @RateLimit('3 per minute', { by: 'principal' })
      @RateLimit('1 per minute', { by: ({ body }: Context<{ body: string }>) => body })
      create() {}
    }
    const routes = new Routes().add(Orders, 'create')
    const ada = { principal: { id: 'ada' } }
    expect(await routes.statuses(9, 'Orders.create', { ...ada, body: 'x' })).to.deep.equal([ok, ...Array<number>(8).fill(refused)])
    expect(await routes.statuses(3, 'Orders.create', { ...ada, body: 'y' })).to.deep.equal([ok, refused, refused])
    expect(await routes.statuses(9, 'Orders.create', { ...ada, body: 'z' })).to.deep.equal([ok, ...Array<number>(8).fill(refused)])
    const bob = await routes.call('Orders.create', { principal: { id: 'bob' }, body: 'w' })
    expect(bob.headers.get('RateLimit')).to.equal('"route-3";r=0;t=60')
    expect(await routes.statuses(2, 'Orders.create', { principal: { id: 'bob' }, body: 'v' })).to.deep.equal([ok, refused])
  })

  it('answers 429 to a refused call even where nothing can be given back', async () => {
    const memory = new MemoryRateLimitStore()
    const store: RateLimitStore = {
      consume: async (charges) => memory.consume(charges),
      refund: () => Promise.reject(new Error('the store is away')),
      read: (charges) => memory.read(charges),
      reset: () => undefined,
    }
    class Orders {
      @RateLimit('5 per minute')
      @RateLimit('1 per minute', { by: 'principal' })
      create() {}
    }
    const routes = new Routes({}, store).add(Orders, 'create')
    expect(await routes.statuses(2, 'Orders.create')).to.deep.equal([ok, refused])
  })

  it('counts the addresses of one IPv6 network together, and mapped IPv4 as IPv4', async () => {
    class Orders {
      @RateLimit('1 per minute')
      create() {}
    }
    const status = async (routes: Routes, address: string) => (await routes.call('Orders.create', { address })).status
    const routes = new Routes().add(Orders, 'create')
    expect(await status(routes, '2001:db8:0:1::1')).to.equal(ok)
    expect(await status(routes, '2001:DB8::1:ffff:ffff:ffff:ffff')).to.equal(refused)
    expect(await status(routes, '2001:db8:0:2::1')).to.equal(ok)
    expect(await status(routes, '::ffff:192.0.2.1')).to.equal(ok)
    expect(await status(routes, '192.0.2.1')).to.equal(refused)
    expect(await status(routes, '::ffff:192.0.2.2')).to.equal(ok)
    expect(await status(routes, '64:ff9b::192.0.2.2')).to.equal(refused)
    expect(await status(routes, '64:ff9b::192.0.2.3')).to.equal(ok)
    const narrow = new Routes({ addressPrefix: { ipv6: 128 } }).add(Orders, 'create')
    expect(await status(narrow, '2001:db8::1')).to.equal(ok)
    expect(await status(narrow, '2001:db8::2')).to.equal(ok)
    const wide = new Routes({ addressPrefix: { ipv6: 36 } }).add(Orders, 'create')
    expect(await status(wide, '2001:db8:1000::1')).to.equal(ok)
    expect(await status(wide, '2001:db8:1fff::1')).to.equal(refused)
    expect(await status(wide, '2001:db8:2000::1')).to.equal(ok)
  })

  it('checks nothing at run time where limits are off, and everything at start-up', () => {
    class Orders {
      @RateLimit('1 per minut' as '1 per minute')
      create() {}
    }
    const routes = new Routes({ off: true, default: '1/s' }).add(Orders, 'create')
    expect(routes.phases('Orders.create')).to.deep.equal([])
    expect(routes.mistakes).to.have.length(1)
  })
})

describe('the RateLimit fields', () => {
  const limitTexts = fc
    .uniqueArray(fc.integer({ min: 1, max: 10 ** 9 }), { minLength: 1, maxLength: 3 })
    .chain((seconds) =>
      fc.tuple(
        ...seconds.map((window) =>
          fc.integer({ min: 1, max: 999_999_999_999_999 }).map((count): Limit => ({ count, window: window * 1_000 })),
        ),
      ),
    )
  const name = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 64 })

  it('are structured fields whose names and numbers agree, once each, whichever phases ran', async () => {
    const rule = fc.record({ limits: limitTexts, by: fc.constantFrom('address' as const, 'principal' as const, () => 'key'), name })
    await fc.assert(
      fc.asyncProperty(fc.array(rule, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 4 }), async (rules, calls) => {
        class Orders {
          create() {}
        }
        for (const { limits, ...options } of rules) {
          RateLimit(limits, options)(Orders.prototype, 'create', { value: Orders.prototype.create })
        }
        const routes = new Routes().add(Orders, 'create')
        expect(routes.mistakes).to.deep.equal([])
        for (let call = 0; call < calls; call += 1) {
          const { headers, names, status } = await routes.call('Orders.create')
          expect(names.toSorted()).to.deep.equal(['RateLimit', 'RateLimit-Policy', ...(status === refused ? ['Retry-After'] : [])])
          const policies = parseList(headers.get('RateLimit-Policy') ?? '')
          expect(policies).to.have.length(rules.flatMap(({ limits }) => limits).length)
          const [usage, ...others] = parseList(headers.get('RateLimit') ?? '')
          expect(others).to.deep.equal([])
          const policy = policies.find(([label]) => label === usage?.[0])
          expect(usage?.[1].get('r'))
            .to.be.at.least(0)
            .and.at.most(policy?.[1].get('q') as number)
          expect(usage?.[1].get('t')).to.be.at.least(0)
          const smallest = Math.min(...rules.flatMap(({ limits }) => limits.map(({ count }) => count)))
          expect(status).to.equal(call < smallest ? ok : refused)
          if (status === ok) expect(usage?.[1].get('r')).to.equal(smallest - call - 1)
          else expect(Number(headers.get('Retry-After'))).to.be.at.least(usage?.[1].get('t') as number)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('say what each window is called, and which is tightest', async () => {
    class Orders {
      @RateLimit('3 per second; 5 per 2 minutes', { name: 'or"ders\\' })
      create() {}
    }
    const routes = new Routes({ default: '100 per minute; 1000 per hour' }).add(Orders, 'create')
    const { headers } = await routes.call('Orders.create')
    expect(headers.get('RateLimit-Policy')).to.equal(
      '"default-1m";q=100;w=60, "default-1h";q=1000;w=3600, "or\\"ders\\\\-1s";q=3;w=1, "or\\"ders\\\\-2m";q=5;w=120',
    )
    expect(headers.get('RateLimit')).to.equal('"or\\"ders\\\\-1s";r=2;t=1')
  })

  it('never say that more is left of a bucket than it holds', async () => {
    class Orders {
      @RateLimit('10 per second burst 25')
      create() {}
    }
    const routes = new Routes({ headers: ['draft', 'triple'] }).add(Orders, 'create')
    const { headers } = await routes.call('Orders.create')
    expect([headers.get('RateLimit-Policy'), headers.get('RateLimit')]).to.deep.equal(['"route";q=25;w=3', '"route";r=24;t=1'])
    expect([headers.get('RateLimit-Limit'), headers.get('RateLimit-Remaining')]).to.deep.equal(['25', '24'])
  })

  it('speak of the window that refuses, and never let a client come back too early', async () => {
    class Orders {
      @RateLimit('1 per second; 2 per minute')
      create() {}
    }
    const routes = new Routes().add(Orders, 'create')
    await routes.call('Orders.create')
    routes.clock.time += 1_000
    await routes.call('Orders.create')
    routes.clock.time += 1
    const late = await routes.call('Orders.create')
    expect(late.headers.get('RateLimit')).to.equal('"route-1m";r=0;t=59')
    expect(late.headers.get('Retry-After')).to.equal('59')
    expect(late.error).to.have.property('reason', 'rate-limit route-1m')
    routes.clock.time += 58_998
    expect((await routes.call('Orders.create')).headers.get('Retry-After')).to.equal('1')
    routes.clock.time += 1
    expect((await routes.call('Orders.create')).status).to.equal(ok)
  })

  it('are the older ones where those are wanted, of the window with least left', async () => {
    class Orders {
      @RateLimit('5 per minute; 2 per second', { by: 'principal' })
      @RateLimit('10 per hour')
      create() {}
    }
    const routes = new Routes({ headers: ['triple', 'x-triple'] }).add(Orders, 'create')
    const { headers, names } = await routes.call('Orders.create')
    const triple = ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset']
    expect(names).to.deep.equal([...triple, ...triple.map((name) => `X-${name}`)])
    expect(names.map((name) => headers.get(name))).to.deep.equal(['2', '1', '1', '2', '1', '1'])
    await routes.call('Orders.create')
    const refused = await routes.call('Orders.create')
    expect(refused.names.filter((name) => name === 'X-RateLimit-Remaining')).to.have.length(1)
    expect([refused.status, refused.headers.get('RateLimit-Remaining'), refused.headers.get('X-RateLimit-Reset')]).to.deep.equal([
      429,
      '0',
      '1',
    ])
    const both = new Routes({ headers: ['draft', 'triple'] }).add(Orders, 'create')
    expect((await both.call('Orders.create')).names).to.deep.equal(['RateLimit-Policy', 'RateLimit', ...triple])
  })

  it('do not start in a style that there is not', () => {
    class Orders {
      @RateLimit('1 per minute')
      create() {}
    }
    const { mistakes } = new Routes({ headers: 'x-ratelimit' as 'triple' }).add(Orders, 'create')
    expect(mistakes).to.have.length(1)
    expect(mistakes[0]?.problem).to.include('"x-ratelimit"')
  })

  it('stay away where they are not wanted; Retry-After does not', async () => {
    class Orders {
      @RateLimit('1 per minute')
      create() {}
    }
    const routes = new Routes({ headers: false }).add(Orders, 'create')
    expect((await routes.call('Orders.create')).names).to.deep.equal([])
    expect((await routes.call('Orders.create')).names).to.deep.equal(['Retry-After'])
  })
})

describe('mistakes in rate limits', () => {
  /** What a program without types may hand over. */
  const untyped = RateLimit as (limit: unknown, options?: unknown) => ReturnType<typeof RateLimit>

  function mistakesOf(decorate: ReturnType<typeof RateLimit>): string[] {
    class Orders {
      create() {}
    }
    decorate(Orders.prototype, 'create', { value: Orders.prototype.create })
    return new Routes().add(Orders, 'create').mistakes.map(({ problem, mend }) => `${problem} → ${mend}`)
  }

  const cases: ReadonlyArray<readonly [claim: string, decorate: ReturnType<typeof RateLimit>, problem: RegExp]> = [
    [
      'a misspelt limit',
      untyped('10 per secnd'),
      /@RateLimit on Orders\.create: the limit "10 per secnd" .* column 8 "secnd" .* → write second/,
    ],
    ['no limit at all', untyped(undefined), /the limit "undefined" is none/],
    ['a limit made by hand that is none', RateLimit([{ count: 1.5, window: 1_000 }]), /the limit "1\.5 per second" is none/],
    ['no limits in a list', RateLimit([]), /there is no limit here/],
    ['a window of part of a second', RateLimit([{ count: 1, window: 1_500 }]), /is no unit of time/],
    [
      'a cost that the limit never allows',
      RateLimit('9/m; 5/s', { cost: 6 }),
      /costs 6, which 5 per second never allows → lower the cost to 5/,
    ],
    ['a cost of nothing', RateLimit('5/s', { cost: 0 }), /cost is 0/],
    ['part of a cost', RateLimit('5/s', { cost: 1.5 }), /cost is 1\.5/],
    ['a failure cost of nothing', RateLimit('5/s', { failureCost: 0 }), /failureCost is 0/],
    ['an unknown "by"', untyped('5/s', { by: 'ip' }), /by is "ip"/],
    ['an empty scope', RateLimit('5/s', { scope: '' }), /scope is ""/],
    ['a name that no header can hold', RateLimit('5/s', { name: 'käse' }), /name is "käse"/],
  ]
  for (const [claim, decorate, problem] of cases) {
    it(`are reported: ${claim}`, () => {
      expect(mistakesOf(decorate)).to.have.length(1)
      expect(mistakesOf(decorate)[0]).to.match(problem)
    })
  }

  it('are reported: one scope with two limits, or counted by two things', () => {
    class Search {
      @RateLimit('5 per minute', { scope: 'search' })
      one() {}

      @RateLimit('5/60s', { scope: 'search' })
      same() {}

      @RateLimit('6 per minute', { scope: 'search' })
      more() {}

      @RateLimit('5 per minute', { scope: 'search', by: 'principal' })
      other() {}
    }
    const { mistakes } = new Routes().add(Search, 'one', 'same', 'more', 'other')
    expect(mistakes.map(({ place }) => place)).to.deep.equal(['Search.more', 'Search.other'])
    expect(mistakes[0]?.problem).to.equal(
      'the rate limit scope "search" is 6 per minute by address here and 5 per minute by address on Search.one',
    )
  })

  it('are reported: one scope twice on one route', () => {
    @RateLimit('5 per minute', { scope: 'search' })
    class Search {
      @RateLimit('5 per minute', { scope: 'search' })
      one() {}

      two() {}
    }
    const { mistakes } = new Routes().add(Search, 'one', 'two')
    expect(mistakes.map(({ place, problem }) => `${place} ${problem}`)).to.deep.equal([
      'Search.one each call counts twice in the rate limit scope "search"',
    ])
  })

  it('of a class are told once, of the API too', () => {
    @RateLimit('0 per minute')
    class Search {
      one() {}

      two() {}
    }
    const { mistakes } = new Routes({
      default: parseLimits('1/s').map((limit) => ({ ...limit, count: -1 })),
      addressPrefix: { ipv6: 0 },
    }).add(Search, 'one', 'two')
    expect(mistakes.map(({ problem }) => problem)).to.satisfy(
      ([prefix, general, own, ...more]: string[]) =>
        prefix?.includes('addressPrefix.ipv6 is 0') === true &&
        general?.includes('default: the limit "-1 per second" is none') === true &&
        own?.includes('@RateLimit on Search: the limit "0 per minute"') === true &&
        more.length === 0,
    )
  })
})
