import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { Audit, auditing } from '../../lib/audit/audit.js'
import type { RecordFormatName } from '../../lib/audit/record-format.js'
import { Redactor } from '../../lib/audit/redact.js'
import type { RedactionOptions } from '../../lib/audit/secrets.js'
import { seenBefore } from '../../lib/audit/seen-before.js'
import { thousandths } from '../../lib/audit/thousandths.js'
import { anonymous } from '../../lib/context.js'
import type { Identity, Principal } from '../../lib/context.js'
import { ValidationFailed } from '../../lib/errors.js'
import type { Exchange } from '../../lib/exchange.js'
import { exchangeOf, KeptLog, routeOf } from './fake-exchange.js'

function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

class OrdersController {
  @Audit('order.create')
  create(): void {}
  list(): void {}
}

const routes = [routeOf(OrdersController, 'create'), routeOf(OrdersController, 'list')]

// Few of each, so that most come again.
const names = fc.constantFrom(
  ...['host', 'user-agent', 'accept', 'authorization', 'cookie', 'set-cookie', 'x-api-key', 'content-length', 'x-note'],
  ...['__proto__', 'constructor', 'toString', 'toJSON', '0', '', 'name', 'value', 'pässword', 'x'.repeat(101), 'line\nbreak', '"'],
)
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLWFsaWNl'
const texts = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('*/*', '297', 'application/json', 'api.example.com', '', 'a', 'password', 'authorization') },
  fc.constantFrom(
    `Bearer ${jwt}`,
    jwt,
    '5555 5555 5555 4444',
    'https://u:s3cr3t@example.org/',
    'a=1; password=hunter2',
    '%70assword=hunter2',
  ),
  fc.constantFrom('\u0000\u001b[2J', '\u202e', '\ud800', '"}', '\\', 'é'.repeat(70), 'x'.repeat(192), 'y'.repeat(193), 'z'.repeat(1_001)),
  fc.string({ unit: 'binary', maxLength: 220 }),
)

class Classy {
  readonly host = 'api.example.com'
  readonly secret = 'hunter2'
}

const members = fc.oneof(
  { weight: 6, arbitrary: texts },
  fc.array(texts, { maxLength: 3 }),
  fc.constantFrom<unknown>(
    undefined,
    null,
    1,
    5_555_555_555_554_444,
    true,
    7n,
    () => 1,
    Symbol('a'),
    new Classy(),
    new Map([['host', 'a']]),
  ),
)

/** Flat objects such as headers, with and without a prototype, and with getters, some of which throw. */
const objects = fc.tuple(fc.array(fc.tuple(names, members, fc.nat(9)), { maxLength: 8 }), fc.boolean()).map(([entries, isBare]) => {
  const object = (isBare ? Object.create(null) : {}) as object
  for (const [name, value, kind] of entries) {
    const get = () => {
      if (kind === 1) throw new Error('no')
      return value
    }
    Object.defineProperty(object, name, { enumerable: kind !== 2, configurable: true, ...(kind < 2 ? { get } : { value }) })
  }
  return object
})

const options: readonly RedactionOptions[] = [
  {},
  { keys: ['note'], paths: ['accept', '*.host', 'set-cookie[1]'], emails: true },
  { paths: ['*'] },
  { patterns: [/a/] },
]

describe('what a redactor remembers', () => {
  it('changes nothing in what it writes', () => {
    for (const own of options) {
      const used = new Redactor(own)
      fc.assert(
        fc.property(objects, (value) => {
          const expected = new Redactor(own).json(value)
          for (let time = 0; time < 3; time++) expect(used.json(value)).to.equal(expected)
        }),
      )
      fc.assert(
        fc.property(names, texts, (name, text) => {
          const member = new Redactor(own).text(text)
          const shown = { hidden: '"[redacted]"', shown: member }[used.isSecret(name) ? 'hidden' : 'shown']
          if (own.paths === undefined && name !== '__proto__') {
            expect(used.json({ [name]: text })).to.equal(`{${new Redactor(own).text(name, 100)}:${shown}}`)
          }
          expect(used.text(text)).to.equal(member)
        }),
      )
    }
  })

  it('is of the text, and not of its length or of the name beside it', () => {
    const redactor = new Redactor({ paths: ['b.accept'] })
    const often = (value: object) => Array.from({ length: 3 }, () => redactor.json(value)).at(-1)
    often({ accept: 'application/json' })
    expect(often({ accept: 'application/JSON' })).to.equal('{"accept":"application/JSON"}')
    often({ accept: 'application/json' })
    expect(often({ b: { accept: 'application/json' } })).to.equal('{"b":{"accept":"[redacted]"}}')
    often({ value: 'hunter2' })
    expect(redactor.json({ name: 'password', value: 'hunter2' })).to.equal('{"name":"password","value":"[redacted]"}')
  })

  it('is as short as it is asked for: a name is cut before a text is', () => {
    const redactor = new Redactor()
    const long = 'n'.repeat(150)
    expect(redactor.text(long)).to.equal(`"${long}"`)
    expect(redactor.json({ [long]: long })).to.equal(`{"${'n'.repeat(100)}… [150 characters]":"${long}"}`)
  })

  it('does not hold on to the bodies that the texts were cut from', () => {
    const collect = collector()
    const redactor = new Redactor()
    collect()
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < 300; index++) {
      const body = Buffer.alloc(100_000, `field-of-the-body-${index}-`).toString('latin1')
      // What came once is not remembered, what came three times stands under its name as the last.
      for (let time = 0; time < 3; time++)
        redactor.json({ [body.slice(0, 40)]: body.slice(40, 80), [body.slice(80, 83)]: body.slice(83, 120) })
    }
    collect()
    expect((process.memoryUsage().heapUsed - before) / 1e6).to.be.below(5)
  })

  it('counts as long as what is written anew: what is large is cut at the same place', () => {
    const large = Object.fromEntries(Array.from({ length: 90 }, (_, index) => [`name-${index}`, ['x'.repeat(150), { a: 'x'.repeat(192) }]]))
    const used = new Redactor()
    const list = Array.from({ length: 90 }, () => ({ accept: 'x'.repeat(190) }))
    for (const value of [large, list]) {
      const first = new Redactor().json(value)
      expect(first.length).to.be.within(10_000, 40_000)
      expect([used.json(value), used.json(value)]).to.deep.equal([first, first])
    }
    expect(used.json({ list, more: Array.from({ length: 99 }, () => list) })).to.match(/more\]"\]\}$/)
  })
})

const identities = [
  ['alice', 'user', 'https://auth.example.com/', 'jti-1'],
  ['alice', 'user', 'https://auth.example.com/', undefined],
  ['"bob"\n\u202e', 'client', undefined, 'opaque'],
  ['', 'anonymous', undefined, undefined],
].map(([id = '', kind, issuer, tokenId]): Identity => ({ ...anonymous, id, kind: kind as 'user', issuer, tokenId }))

interface Call {
  readonly route: number
  readonly identity: Identity | undefined
  readonly isKnown: boolean
  readonly authentication: string | undefined
  readonly authorization: string | undefined
  readonly status: number
  readonly event: string | undefined
  readonly headers: Record<string, string>
}

const kept = identities.map((identity) => Object.freeze({ ...identity }))

const calls: fc.Arbitrary<Call> = fc.record({
  route: fc.nat(1),
  identity: fc.constantFrom(undefined, ...identities, ...kept, ...kept),
  isKnown: fc.boolean(),
  authentication: fc.constantFrom(undefined, 'bearer', 'dpop', 'session', 'api "key"'),
  authorization: fc.constantFrom(undefined, 'Bearer opaque', 'Bearer a.b.c', 'jti-1', 'DPoP opaque'),
  status: fc.constantFrom(200, 201, 404, 422, 503),
  event: fc.constantFrom(undefined, undefined, 'authn_login_success', 'session_logout', 'no "event"'),
  headers: objects as fc.Arbitrary<Record<string, never>>,
})

function exchangeFor({ route, identity, isKnown, authentication, authorization, event, headers, status }: Call): Exchange {
  // Those that a record reads by name are texts, as hosts give them.
  for (const [name, value] of Object.entries({ authorization, 'user-agent': 'test/1' })) {
    Object.defineProperty(headers, name, { value, enumerable: true, configurable: true })
  }
  const exchange = exchangeOf(routes[route]!, { headers })
  if (identity !== undefined) {
    exchange.identity = isKnown ? identity : undefined
    exchange.principal = Object.freeze<Principal>({ ...identity, permissions: new Set() })
  }
  exchange.authentication = authentication
  exchange.event = event
  if (status === 422) exchange.refusal = new ValidationFailed([])
  return exchange
}

const withoutDuration = (line: string) => line.replace(/"(?:event\.)?duration(?:_ms)?":[\d.]+/, '')

describe('what a recorder remembers of callers', () => {
  for (const format of ['portcullis', 'ecs', 'ocsf'] as const satisfies readonly RecordFormatName[]) {
    it(`changes nothing in its records: ${format}`, () => {
      const used = new KeptLog()
      const auditor = auditing({ headers: true, format }, used)
      const recorders = routes.map((route) => auditor.compile(route))
      fc.assert(
        fc.property(calls, (call) => {
          const fresh = new KeptLog()
          const exchange = exchangeFor(call)
          recorders[call.route]?.(exchange, call.status)
          exchange.identity = undefined
          auditing({ headers: true, format }, fresh).compile(routes[call.route]!)(exchange, call.status)
          const line = used.lines.at(-1) ?? ''
          expect(withoutDuration(line)).to.equal(withoutDuration(fresh.lines[0] ?? ''))
          expect(JSON.parse(line)).to.be.an('object')
        }),
        { numRuns: 500 },
      )
    })
  }

  it('is not of whoever else calls by the same cookie', () => {
    const log = new KeptLog()
    const record = auditing({}, log).compile(routes[0]!)
    const base = { route: 0, identity: kept[1], isKnown: true, authentication: 'bearer', status: 200, event: undefined }
    for (const authorization of ['Bearer one', 'Bearer two', 'Bearer one'])
      record(exchangeFor({ ...base, authorization, headers: {} }), 200)
    record(exchangeFor({ ...base, authorization: undefined, authentication: 'session', headers: {} }), 200)
    const tokens = log.records.map(({ token_id }) => token_id)
    expect(tokens[0]).to.equal(tokens[2]).and.not.to.equal(tokens[1])
    expect(log.records[3]).to.include({ principal_id: 'alice', authentication: 'session' }).and.not.have.property('token_id')
  })

  it('is not of whom a protection has put in the place of the caller', () => {
    const log = new KeptLog()
    const record = auditing({}, log).compile(routes[0]!)
    const base = { route: 0, identity: kept[1], isKnown: true, authentication: 'bearer', authorization: undefined, status: 200 }
    for (const id of ['alice', 'bob', 'alice']) {
      const exchange = exchangeFor({ ...base, event: undefined, headers: {} })
      exchange.principal = Object.freeze<Principal>({ ...exchange.principal, id })
      record(exchange, 200)
    }
    expect(log.records.map(({ principal_id }) => principal_id)).to.deep.equal(['alice', 'bob', 'alice'])
  })

  it('is nothing where the permissions of the caller could not be had', () => {
    const log = new KeptLog()
    const record = auditing({}, log).compile(routes[0]!)
    const exchange = exchangeOf(routes[0]!)
    exchange.identity = kept[0]
    record(exchange, 503)
    expect(log.records[0]).to.include({ principal_id: null, principal_kind: 'anonymous' })
  })
})

describe('texts that were seen before', () => {
  it('are told from nearly all that were not', () => {
    const isSeen = seenBefore()
    const paths = Array.from({ length: 20_000 }, (_, index) => `/api/v1/orders/${index.toString(36)}`)
    expect(paths.filter(isSeen).length).to.be.below(200)
    for (const text of ['', 'a', '\ud800', 'x'.repeat(1_000), '/api/v1/orders/4711']) {
      isSeen(text)
      expect(isSeen(text)).to.equal(true)
    }
  })
})

describe('thousandths', () => {
  it('are written as numbers are', () => {
    const same = (count: number) => void expect(thousandths(count)).to.equal(String(count / 1_000))
    for (let count = 0; count < 3_000; count++) same(count)
    for (const count of [-0, -1, -1_500, 1e15, 1e15 - 1, 1e24, Number.NaN, Number.POSITIVE_INFINITY]) same(count)
    fc.assert(fc.property(fc.oneof(fc.nat(), fc.integer({ min: 0, max: 1e15 })), same))
  })
})
