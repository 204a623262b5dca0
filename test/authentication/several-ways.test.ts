import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { createApiKey } from '../../lib/authentication/api-key.js'
import { apiKeysOf } from '../../lib/authentication/api-key-store.js'
import { apiKeys } from '../../lib/authentication/api-keys.js'
import { TokenRefused } from '../../lib/authentication/verifier.js'
import type { Authentication } from '../../lib/authentication/ways.js'
import type { Identity } from '../../lib/context.js'
import {
  Authenticated,
  BootError,
  Controller,
  Get,
  Public,
  RequireScope,
  StoredRevocations,
  bearer,
  createApi,
  createContainer,
  createLogger,
  tokens,
} from '../../lib/index.js'
import type { Context, Reply } from '../../lib/index.js'
import { MemoryStateStore } from '../../lib/state/memory-state-store.js'
import { exchangeOf } from '../exchange.js'
import { goodClaims, goodHeader, hmacKey, now, seconds, signed } from './forge.js'

const own = 'https://own.test'
const partner = 'https://partner.test'
const partnerKey = { ...hmacKey, secret: randomBytes(32) }
const clock = { now: () => now }

const tokenOf = (iss: string, claims: object = {}) =>
  signed(goodHeader, { ...goodClaims, iss, aud: 'orders', ...claims }, (iss === own ? hmacKey : partnerKey).secret as Uint8Array)

const bearers = bearer({
  issuers: [
    { issuer: own, audience: 'orders', keys: [hmacKey] },
    { issuer: partner, audience: 'orders', keys: [partnerKey] },
  ],
})

const { key, record } = createApiKey({ owner: 'alice', kind: 'user', scopes: ['orders:read'], clock })
const keys = apiKeys({ store: apiKeysOf([record]) })

/** A login in a cookie: `sid=good` is Bob's. */
const session: Authentication = {
  name: 'session',
  mistakes: [],
  open: () => ({
    challenge: undefined,
    refusal: ['Set-Cookie', 'sid=; Max-Age=0'],
    isAmbient: true,
    bears: ({ request }) => request.headers.cookie !== undefined,
    identify({ request }) {
      if (request.headers.cookie !== 'sid=good') throw new TokenRefused('expired')
      const identity = { id: 'bob', kind: 'user', issuer: 'session', roles: [], scopes: [], claims: {}, tokenId: undefined }
      return { ...identity, expiresAt: now + 60_000, issuedAt: now } as Identity
    },
  }),
}

/** A way of somebody's own, with a scheme. */
const signature: Authentication = {
  name: 'signature',
  mistakes: [],
  open: () => ({
    challenge: 'Signature realm="orders"',
    refusal: ['WWW-Authenticate', 'Signature error="bad"'],
    isAmbient: false,
    bears: ({ request }) => request.headers['signature'] !== undefined,
    identify() {
      return new TokenRefused('bad-signature')
    },
  }),
}

@Controller('/orders')
class Orders {
  @Get('/')
  @Authenticated()
  list({ principal: { id, issuer } }: Context) {
    return `${id} of ${issuer}`
  }

  @Get('/archive')
  @RequireScope('orders:archive')
  archive() {
    return []
  }

  @Get('/open')
  @Public()
  open({ principal: { kind } }: Context) {
    return kind
  }
}

function start(...authentication: Authentication[]) {
  const revocations = new StoredRevocations(new MemoryStateStore({ clock }), { clock })
  const container = createContainer()
  container.register(tokens.clock, { useValue: clock })
  container.register(tokens.revocations, { useValue: revocations })
  const api = createApi({
    ...{ controllers: [Orders], container, https: 'off', audit: { sinks: [] }, logger: createLogger({ silent: true }) },
    authentication,
  })
  const reply = async (headers: Record<string, string>, target = '/orders'): Promise<Reply> => {
    const all = { host: 'api.test', ...headers }
    return api.answer(exchangeOf({ request: { target, headers: all, rawHeaders: Object.entries(all).flat() } }).request)
  }
  /** Who is let in, or the status of the refusal. */
  const ask = async (headers: Record<string, string>, target?: string) => {
    const { status, body } = await reply(headers, target)
    return status === 200 ? (JSON.parse(body as string) as unknown) : status
  }
  return { api, revocations, reply, ask }
}

const valuesOf = ({ headers }: Reply, name: string) => headers.filter((_, index) => index % 2 === 1 && headers[index - 1] === name)
const bearing = (token: string) => ({ authorization: `Bearer ${token}` })
const cookie = { cookie: 'sid=good' }

describe('several ways to know callers', () => {
  const { reply, ask, api } = start(bearers, keys, session)

  it('each let in whom they know, and tell the callers apart', async () => {
    expect(await ask(bearing(tokenOf(own)))).to.equal(`alice of ${own}`)
    expect(await ask(bearing(tokenOf(partner)))).to.equal(`alice of ${partner}`)
    expect(await ask({ 'x-api-key': key })).to.equal('alice of api-key')
    expect(await ask(bearing(key))).to.equal('alice of api-key')
    expect(await ask(cookie)).to.equal('bob of session')
  })

  it('stand in the inventory, and read nothing on public routes', async () => {
    expect(api.inventory().map(({ protections }) => protections['authentication'])).to.have.members([
      'bearer or api-key or session',
      'bearer or api-key or session',
      undefined,
    ])
    expect(await ask({ ...bearing('x'), 'x-api-key': 'y', cookie: 'sid=bad' }, '/orders/open')).to.equal('anonymous')
  })

  it('refuse whoever brings two kinds of credentials, good or bad, with every challenge', async () => {
    const twice = [
      { ...bearing(tokenOf(own)), 'x-api-key': key },
      { ...bearing('garbage'), 'x-api-key': key },
      { ...bearing(tokenOf(own)), 'x-api-key': 'garbage' },
      { ...bearing(tokenOf(own)), 'x-api-key': key, ...cookie },
      { ...bearing(key), 'x-api-key': key },
    ]
    for (const headers of twice) expect((await reply(headers)).status, JSON.stringify(Object.keys(headers))).to.equal(400)
    expect(await ask({ 'x-api-key': key }, `/orders?access_token=${tokenOf(own)}`)).to.equal(400)
    expect(await ask(bearing(key), `/orders?access_token=${tokenOf(own)}`)).to.equal(400)
    expect(await ask(bearing(key)), 'a key behind Bearer is one').to.equal('alice of api-key')
    const withSignature = start(bearers, keys, signature)
    const answer = await withSignature.reply({ ...bearing(tokenOf(own)), signature: 'x' })
    expect([answer.status, valuesOf(answer, 'WWW-Authenticate')]).to.deep.equal([400, ['Bearer realm="api", Signature realm="orders"']])
  })

  it('go by the header where a cookie comes along, and never fall back on the cookie', async () => {
    expect(await ask({ ...cookie, ...bearing(tokenOf(own)) })).to.equal(`alice of ${own}`)
    expect(await ask({ ...cookie, 'x-api-key': key })).to.equal('alice of api-key')
    expect(await ask({ cookie: 'sid=bad', ...bearing(tokenOf(own)) })).to.equal(`alice of ${own}`)
    for (const headers of [bearing('garbage'), bearing(tokenOf(own, { exp: seconds })), bearing(''), { 'x-api-key': `${key}x` }]) {
      expect(await ask({ ...cookie, ...headers }), JSON.stringify(headers)).to.equal(401)
    }
  })

  it('ask whoever brings none for any of them, in one header', async () => {
    const { reply } = start(session, bearers, keys, signature)
    for (const headers of [{}, { authorization: 'Basic YTpi' }]) {
      const answer = await reply(headers)
      expect([answer.status, valuesOf(answer, 'WWW-Authenticate')]).to.deep.equal([401, ['Bearer realm="api", Signature realm="orders"']])
    }
    // HTTP wants a challenge in every 401 (RFC 9110 §15.5.2).
    expect(valuesOf(await start(session, keys).reply({}), 'WWW-Authenticate')).to.deep.equal(['Bearer realm="api"'])
  })

  it('refuse in the words of the way that was taken', async () => {
    const { reply } = start(bearers, keys, session, signature)
    const cleared = await reply({ cookie: 'sid=bad' })
    expect([cleared.status, valuesOf(cleared, 'Set-Cookie')]).to.deep.equal([401, ['sid=; Max-Age=0']])
    expect(valuesOf(await reply({ signature: 'x' }), 'WWW-Authenticate')).to.deep.equal(['Signature error="bad"'])
    const refused = await reply(bearing('garbage'))
    expect(valuesOf(refused, 'WWW-Authenticate')[0]).to.include('error="invalid_token"')
    expect(valuesOf(refused, 'Set-Cookie')).to.deep.equal([])
    const lacking = await reply({ ...bearing(tokenOf(own, { scope: 'orders:read' })), ...cookie }, '/orders/archive')
    expect([lacking.status, valuesOf(lacking, 'WWW-Authenticate')]).to.deep.equal([
      403,
      ['Bearer realm="api", error="insufficient_scope", scope="orders:archive"'],
    ])
  })

  it('tell all of their mistakes at once', () => {
    const wrong = () => start(bearer({ issuer: '', audience: 'orders', keys: [hmacKey] }), apiKeys({ store: apiKeysOf([]), prefix: 'PK' }))
    expect(wrong).to.throw(BootError, /authentication\.issuer[^]*apiKeys\.prefix/)
    expect(() => start(bearers, bearers)).to.throw(BootError, /bearer stands there twice/)
  })
})

describe('revocation, at several ways and issuers', () => {
  const everybody = [bearing(tokenOf(own)), bearing(tokenOf(partner)), { 'x-api-key': key }, cookie]
  const after = async (revoke: (revocations: StoredRevocations) => unknown) => {
    const { ask, revocations } = start(bearers, keys, session)
    const statuses = async () => {
      const answers = await Promise.all(everybody.map((headers) => ask(headers)))
      return answers.map((answer) => (typeof answer === 'number' ? answer : 200))
    }
    expect(await statuses()).to.deep.equal([200, 200, 200, 200])
    await revoke(revocations)
    return statuses()
  }

  it('ends one subject at one issuer with the next request, and nobody who is called alike elsewhere', async () => {
    expect(await after((revocations) => revocations.revokeSubject({ issuer: own, id: 'alice' }))).to.deep.equal([401, 200, 200, 200])
    expect(await after((revocations) => revocations.revokeSubject({ issuer: partner, id: 'alice' }))).to.deep.equal([200, 401, 200, 200])
    expect(await after((revocations) => revocations.revokeSubject({ issuer: 'api-key', id: 'alice' }))).to.deep.equal([200, 200, 401, 200])
    expect(await after((revocations) => revocations.revokeSubject({ issuer: 'session', id: 'bob' }))).to.deep.equal([200, 200, 200, 401])
  })

  it('ends one token of one issuer', async () => {
    const token = { tokenId: 'token-1', expiresAt: now + 60_000 }
    expect(await after((revocations) => revocations.revokeToken({ ...token, issuer: own }))).to.deep.equal([401, 200, 200, 200])
    expect(await after((revocations) => revocations.revokeToken({ ...token, issuer: partner }))).to.deep.equal([200, 401, 200, 200])
  })

  it('ends the tokens of a key at one issuer, though the key of another has its name', async () => {
    expect(await after((revocations) => revocations.revokeKey({ issuer: own, keyId: 'one' }))).to.deep.equal([401, 200, 200, 200])
    expect(await after((revocations) => revocations.revokeKey({ issuer: partner, keyId: 'one' }))).to.deep.equal([200, 401, 200, 200])
  })
})
