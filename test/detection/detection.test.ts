import { expect } from 'chai'
import fc from 'fast-check'
import { IsString } from 'class-validator'
import {
  Authenticated,
  BootError,
  Controller,
  Get,
  NotFound,
  Post,
  Public,
  RequirePermission,
  Unauthenticated,
  Validate,
  bearer,
  createApi,
  createContainer,
  createLogger,
  definePermissions,
  noteEvent,
  recentRecords,
  securityEvents,
  tokenIssuer,
  tokens,
  usualRules,
} from '../../lib/index.js'
import type { Api, AuditLog, Clock, Context, Detection, DetectionOptions, DetectionRule, Sighting } from '../../lib/index.js'
import { Detector } from '../../lib/detection/detector.js'
import { exchangeOf } from '../exchange.js'

const key = { algorithm: 'HS256', secret: 'kX2s8fQz0pWv7LdYb4Ne1RtGh6Jm9Ca3' } as const
const identity = { issuer: 'https://auth.test', audience: 'https://api.test' }

class Credentials {
  @IsString()
  username!: string

  @IsString()
  password!: string
}

@Controller('/')
class Shop {
  @Post('/login')
  @Public()
  @Validate({ body: Credentials })
  login(context: Context<{ body: Credentials }>) {
    if (context.body.password !== 'right') throw new Unauthenticated('no', { event: 'authn_login_fail' })
    noteEvent(context, 'authn_login_success')
    return {}
  }

  @Get('/orders/:id')
  @Authenticated()
  order(): void {
    throw new NotFound()
  }

  @Get('/me')
  @Authenticated()
  me() {
    return {}
  }

  @Get('/admin')
  @RequirePermission('admin:read')
  admin() {
    return {}
  }
}

interface World {
  readonly api: Api
  readonly clock: { time: number } & Clock
  readonly found: Detection[]
  /** What monitors were told. */
  readonly monitored: string[]
  readonly log: AuditLog
  /** The events that were recorded by rules. */
  events(): ReadonlyArray<Readonly<Record<string, unknown>>>
  login(username: string, password: string, from?: string): Promise<number>
  get(path: string, how?: { as?: string; from?: string; times?: number }): Promise<number>
}

function world(options: DetectionOptions = {}): World {
  const clock = { time: 1_700_000_000_000, now: () => clock.time }
  const issuer = tokenIssuer({ ...identity, key, clock })
  const records = recentRecords(2_000)
  const found: Detection[] = []
  const container = createContainer().register(tokens.clock, { useValue: clock })
  const monitored: string[] = []
  let log: AuditLog | undefined
  const api = createApi({
    controllers: [Shop, controllerThatGets((given) => void (log = given))],
    container,
    https: 'off',
    logger: createLogger({ silent: true }),
    audit: { sinks: [records] },
    authentication: bearer({ ...identity, keys: [key] }),
    permissions: definePermissions({ admin: ['read'] }),
    monitors: [{ detected: ({ rule }) => void monitored.push(rule) }],
    detection: { onDetection: (detection) => void found.push(detection), ...options },
  })
  const send = async (method: string, target: string, from: string, headers: Record<string, string>, body?: object) => {
    const text = JSON.stringify(body)
    const typed = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(text.length) }
    const { request } = exchangeOf({
      request: { method, target, remoteAddress: from, headers: { host: 'api.test', ...typed, ...headers }, parsedBody: body },
    })
    if (body !== undefined) request.body.push(text)
    request.body.push(null)
    const { status } = await api.answer(request)
    return status
  }
  return {
    api,
    clock,
    found,
    monitored,
    get log() {
      return log!
    },
    events: () => records.newest(2_000).filter((record) => record.kind === 'event' && record['reason'] !== undefined),
    login: (username, password, from = '192.0.2.1') => send('POST', '/login', from, {}, { username, password }),
    async get(path, { as, from = '192.0.2.1', times = 1 } = {}) {
      const headers: Record<string, string> = as === undefined ? {} : { authorization: `Bearer ${issuer.issue({ sub: as }).token}` }
      let status = 0
      for (let count = 0; count < times; count += 1) status = await send('GET', path.replace('#', String(count)), from, headers)
      return status
    },
  }
}

function controllerThatGets(take: (log: AuditLog) => void) {
  @Controller('/nobody', { inject: [tokens.auditLog] })
  class Getter {
    constructor(log: AuditLog) {
      take(log)
    }

    @Get('/')
    @Public()
    nothing() {
      return {}
    }
  }
  return Getter
}

const missing = (address: string): Sighting => ({
  ...{ status: 404, event: undefined, route: '', address, network: address, account: undefined, isVerified: false },
})

function detecting(rules: readonly DetectionRule[]) {
  const found: Detection[] = []
  const clock = { time: 1_700_000_000_000, now: () => clock.time }
  return { found, clock, detector: new Detector({ rules, clock, capacity: 1_000, coolDown: 60_000, raise: (one) => void found.push(one) }) }
}

const later = () => new Promise((resolve) => setImmediate(resolve))

describe('detection', () => {
  it('tells of an address that goes through ids, once in the cool-down, and records it', async () => {
    const { get, found, events, clock } = world()
    await get('/orders/#', { as: 'eve', times: 50 })
    await later()
    expect(found).to.deep.equal([])
    await get('/orders/51', { as: 'eve', times: 100 })
    await later()
    expect(found.map(({ rule, subject }) => [rule, subject])).to.deep.equal([
      ['enumeration-by-address', '192.0.2.1'],
      ['enumeration-by-account', 'eve of https://auth.test'],
    ])
    expect(events().map((event) => event['event'])).to.deep.equal(['malicious_excess_404', 'malicious_excess_404'])
    expect(events().at(-1)).to.deep.include({
      address: '192.0.2.1',
      principal_id: 'eve of https://auth.test',
      reason: 'enumeration-by-address',
      detail: { limit: '50 per minute', subject: '192.0.2.1', route: '/orders/:id' },
      level: 'WARN',
    })
    clock.time += 900_000
    await get('/orders/#', { as: 'eve', times: 51 })
    await later()
    expect(found).to.have.length(4)
  })

  it('does not tell of as many in a longer time', async () => {
    const { get, found, clock } = world()
    for (let minute = 0; minute < 5; minute += 1) {
      await get('/orders/#', { as: 'eve', times: 50 })
      clock.time += 60_000
    }
    await later()
    expect(found).to.deep.equal([])
  })

  it('counts an IPv6 network as one address', async () => {
    const { get, found } = world()
    for (let host = 0; host < 51; host += 1) await get('/nothing', { from: `2001:db8:1:2::${host.toString(16)}` })
    await later()
    expect(found.map(({ rule, subject }) => [rule, subject])).to.deep.equal([['enumeration-by-address', '2001:db8:1:2::/64']])
  })

  it('tells of an address that fails to log in, whatever the names', async () => {
    const { login, found } = world()
    for (let count = 0; count < 21; count += 1) await login(`user${count}`, 'wrong')
    await later()
    expect(found.map(({ rule, event }) => [rule, event])).to.deep.equal([['failed-logins-by-address', 'authn_login_fail_max']])
  })

  it('tells of an account that is guessed at from many addresses, however its name is spelt', async () => {
    const { login, found } = world()
    for (let count = 0; count < 11; count += 1) await login(count % 2 === 0 ? 'Dave' : ' dave', 'wrong', `198.51.100.${count}`)
    await later()
    expect(found.map(({ rule, subject }) => [rule, subject])).to.deep.equal([['failed-logins-on-account', 'dave']])
  })

  it('tells of the success after failures, on the account and not on another', async () => {
    const { login, found } = world()
    for (let count = 0; count < 5; count += 1) await login('dave', 'wrong')
    await login('erin', 'right')
    await later()
    expect(found).to.deep.equal([])
    await login('dave', 'right')
    await login('dave', 'right')
    await later()
    expect(found.map(({ rule, event, account }) => [rule, event, account])).to.deep.equal([
      ['success-after-failures-on-account', 'authn_login_successafterfail', 'dave'],
    ])
  })

  it('begins anew after a success', () => {
    const { found, detector, clock } = detecting(usualRules())
    const sight = (event: string) => detector.see({ ...missing('192.0.2.1'), status: 200, account: 'dave', event })
    for (let count = 0; count < 5; count += 1) sight('authn_login_fail')
    sight('authn_login_success')
    clock.time += 61_000
    sight('authn_login_success')
    expect(found.map(({ rule }) => rule)).to.deep.equal(['success-after-failures-on-account'])
  })

  it('keeps little of a name that is claimed', async () => {
    const { login, found } = world()
    for (let count = 0; count < 11; count += 1) await login('n'.repeat(5_000), 'wrong')
    await later()
    expect(found.map(({ subject }) => subject)).to.deep.equal(['n'.repeat(200)])
  })

  it('forgives a few failures before a success', async () => {
    const { login, found } = world()
    for (let count = 0; count < 4; count += 1) await login('dave', 'wrong')
    await login('dave', 'right')
    await later()
    expect(found).to.deep.equal([])
  })

  it('tells of an address whose stuffed credentials fit at last', async () => {
    const { login, found } = world({ rules: usualRules({ 'failed-logins-by-address': false }) })
    for (let count = 0; count < 20; count += 1) await login(`user${count}`, 'wrong')
    await login('victim', 'right')
    await later()
    expect(found.map(({ rule, account }) => [rule, account])).to.deep.equal([['success-after-failures-by-address', 'victim']])
  })

  it('tells of an account that is used from many networks, counting each once', async () => {
    const { get, found } = world()
    for (let count = 0; count < 10; count += 1) await get('/me', { as: 'alice', from: `198.51.100.${count}`, times: 3 })
    await later()
    expect(found).to.deep.equal([])
    await get('/me', { as: 'alice', from: '203.0.113.1' })
    for (let count = 0; count < 11; count += 1) await get('/me', { as: 'bob', from: `198.51.100.${count}` })
    await later()
    expect(found.map(({ rule, event, account }) => [rule, event, account])).to.deep.equal([
      ['account-from-many-addresses', 'authn_impossible_travel', 'alice of https://auth.test'],
      ['account-from-many-addresses', 'authn_impossible_travel', 'bob of https://auth.test'],
    ])
  })

  it('tells of an account that tries what it may not', async () => {
    const { get, found } = world()
    await get('/admin', { as: 'eve', times: 21 })
    await later()
    expect(found.map(({ rule, event }) => [rule, event])).to.deep.equal([['denials-by-account', 'authz_fail']])
  })

  it('tells of an address that is refused all the time', async () => {
    const { get, found } = world()
    await get('/me', { times: 101 })
    await later()
    expect(found.map(({ rule, event }) => [rule, event])).to.deep.equal([['refusals-by-address', 'excess_rate_limit_exceeded']])
  })

  it('sees security events that services record, those of a request by their account alone', async () => {
    const { log, found, clock } = world()
    const events = securityEvents(log, clock)
    const { principal } = exchangeOf()
    for (let count = 0; count < 25; count += 1) {
      const context = { requestId: 'r', principal, address: '192.0.2.9' }
      events.record('authn_login_fail', { context, principalId: 'frank' })
    }
    for (let count = 0; count < 21; count += 1) events.record('authn_login_fail', { address: '192.0.2.7' })
    await later()
    expect(found.map(({ rule, subject }) => [rule, subject])).to.deep.equal([
      ['failed-logins-on-account', 'frank'],
      ['failed-logins-by-address', '192.0.2.7'],
    ])
  })

  it('does not detect its own detections', async () => {
    const rules: DetectionRule[] = [
      { name: 'knocking', event: 'authz_fail', limit: '1 per hour', by: ({ network }) => network, counts: ({ status }) => status === 404 },
      { name: 'echo', event: 'authz_fail', limit: '1 per hour', by: () => 'all', counts: ({ event }) => event === 'authz_fail' },
    ]
    const { get, events } = world({ rules })
    for (let host = 0; host < 5; host += 1) await get('/nothing', { from: `192.0.2.${host}`, times: 2 })
    expect(events().map((event) => event['reason'])).to.deep.equal(Array.from({ length: 5 }, () => 'knocking'))
  })

  it('takes rules of an application, and tells monitors', async () => {
    const rule: DetectionRule = {
      name: 'orders-scraped',
      event: 'sensitive_read',
      limit: '3 per hour',
      by: ({ account }) => account,
      counts: ({ route }) => route === '/orders/:id',
    }
    const { get, found, monitored } = world({ rules: [rule] })
    await get('/orders/#', { as: 'eve', times: 4 })
    await later()
    expect(found.map(({ rule: name, event, limit }) => [name, event, limit])).to.deep.equal([
      ['orders-scraped', 'sensitive_read', '3 per hour'],
    ])
    expect(monitored).to.deep.equal(['orders-scraped'])
  })

  for (const [what, onDetection] of [
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
    ['never ends', () => new Promise<void>(() => undefined)],
  ] as const) {
    it(`lets a hook that ${what} touch no request`, async () => {
      const { get, events } = world({ onDetection })
      expect(await get('/nothing', { times: 60 })).to.equal(404)
      await later()
      expect(await get('/me')).to.equal(401)
      expect(events()).to.have.length(1)
    })
  }

  it('calls a hook that does not end no more than 16 times, and records what it does not tell', async () => {
    const told: Detection[] = []
    const onDetection = (detection: Detection) => new Promise<void>(() => void told.push(detection))
    const rule: DetectionRule = { name: 'any', event: 'authz_fail', limit: '1 per hour', by: ({ network }) => network, counts: () => true }
    const { get, events } = world({ onDetection, rules: [rule] })
    for (let host = 0; host < 30; host += 1) await get('/nothing', { from: `192.0.2.${host}`, times: 2 })
    await later()
    expect(told).to.have.length(16)
    expect(events()).to.have.length(30)
  })

  it('lets a rule that throws touch no request', async () => {
    const rule: DetectionRule = { ...usualRules()[0]!, name: 'broken', counts: () => JSON.parse('{') as boolean }
    const { get } = world({ rules: [rule] })
    expect(await get('/nothing')).to.equal(404)
  })

  it('is not made to forget by a flood of addresses', () => {
    const { found, detector } = detecting(usualRules({ 'enumeration-by-address': '20 per minute' }))
    for (let count = 0; count < 20; count += 1) detector.see(missing('203.0.113.200'))
    for (let host = 0; host < 20_000; host += 1) detector.see(missing(`10.0.${host >> 8}.${host & 255}`))
    detector.see(missing('203.0.113.200'))
    expect(found.map(({ subject }) => subject)).to.deep.equal(['203.0.113.200'])
  })

  it('tells exactly when more than the limit came in one window, for any limit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 80 }), (count, times) => {
        const { found, detector } = detecting(usualRules({ 'enumeration-by-address': `${BigInt(count)} per minute` }))
        for (let time = 0; time < times; time += 1) detector.see(missing('192.0.2.1'))
        expect(found).to.have.length(times > count ? 1 : 0)
      }),
    )
  })

  it('does not start with options that mean nothing, and says all that is wrong', () => {
    const rule = usualRules()[0]!
    const options = {
      coolDown: '90 d',
      capacity: 10,
      onDetection: 'mail' as never,
      rules: [rule, rule, { ...rule, name: '' }, { ...rule, event: 'oops' }, { ...rule, name: 'x', limit: '0 per day' }],
    } as unknown as DetectionOptions
    try {
      world(options)
      expect.fail('it started')
    } catch (error) {
      expect(error).to.be.instanceOf(BootError)
      expect((error as BootError).mistakes.map(({ place }) => place)).to.have.members([
        ...['detection.coolDown', 'detection.capacity', 'detection.onDetection'],
        ...['detection.rules[1]', 'detection.rules[2]', 'detection.rules[3]', 'detection.rules[4]'],
      ])
    }
  })
})
