import { expect } from 'chai'
import { Authenticated, Controller, Get, Post, Public, RequireScope, Validate, bearer, createApi, createLogger } from '../../lib/index.js'
import type { ApiOptions, Context, Reply } from '../../lib/index.js'
import { Readable } from 'node:stream'
import * as v from 'valibot'
import { exchangeOf } from '../exchange.js'
import { audience, hmacKey, issuer, signed, goodClaims, goodHeader } from './forge.js'

const AnyForm = v.looseObject({})

@Controller('/orders')
class Orders {
  @Get('/')
  @Authenticated()
  list({ principal }: Context) {
    return { id: principal.id }
  }

  @Get('/archive')
  @RequireScope('orders:archive')
  archive() {
    return []
  }

  @Post('/')
  @Authenticated()
  @Validate({ body: AnyForm })
  create({ principal }: Context) {
    return { id: principal.id }
  }

  @Get('/open')
  @Public()
  open({ principal }: Context) {
    return { kind: principal.kind }
  }
}

const seconds = Math.floor(Date.now() / 1000)
const token = signed(goodHeader, { ...goodClaims, iat: seconds, exp: seconds + 3_600, scope: 'orders:read' })
const forged = signed(goodHeader, { ...goodClaims, iat: seconds, exp: seconds + 3_600 }, Buffer.alloc(32, 1))

function apiWith(options: Partial<ApiOptions> = {}) {
  return createApi({
    ...{ controllers: [Orders], https: 'off', audit: { sinks: [] }, logger: createLogger({ silent: true }) },
    authentication: bearer({ issuer, audience, keys: [hmacKey], realm: 'orders' }),
    ...options,
  })
}

const api = apiWith()

interface Asked {
  readonly target?: string
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

const ask = async ({ target = '/orders', method = 'GET', headers = {}, body = '' }: Asked): Promise<Reply> => {
  const all = { host: 'api.test', ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }), ...headers }
  const rawHeaders = Object.entries(all).flat()
  return api.answer(
    exchangeOf({ request: { target, method, headers: all, rawHeaders, body: Readable.from(body === '' ? [] : [body]) } }).request,
  )
}

const challengesIn = ({ headers }: Reply) => headers.filter((_, index) => index % 2 === 1 && headers[index - 1] === 'WWW-Authenticate')
const bearing = (credentials: string, more: Asked = {}) => ask({ ...more, headers: { ...more.headers, authorization: credentials } })

describe('the bearer tokens of RFC 6750', () => {
  it('RFC 6750 §2.1: come behind the scheme, in any case', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) expect((await bearing(`${scheme} ${token}`)).status).to.equal(200)
    for (const scheme of ['Basic', 'Token', 'Bearer:']) expect((await bearing(`${scheme} ${token}`)).status, scheme).to.equal(401)
    expect((await bearing(token)).status).to.equal(401)
  })

  it('RFC 6750 §2: come in one way', async () => {
    const reply = await bearing(`Bearer ${token}`, { target: `/orders?access_token=${token}` })
    expect([reply.status, challengesIn(reply).length]).to.deep.equal([400, 1])
    expect(challengesIn(reply)[0]).to.match(/^Bearer realm="orders", error="invalid_request", /)
  })

  it('RFC 6750 §2.2: never come in a form', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const body = `access_token=${token}`
    for (const method of ['POST', 'GET']) {
      const reply = await ask({ method, headers: form, body })
      expect([reply.status, challengesIn(reply)]).to.deep.equal([401, ['Bearer realm="orders"']])
    }
    const json = await ask({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ access_token: token }),
    })
    expect(json.status).to.equal(401)
  })

  it('RFC 6750 §2.3: never come in the address', async () => {
    const reply = await ask({ target: `/orders?access_token=${token}` })
    expect([reply.status, challengesIn(reply)]).to.deep.equal([401, ['Bearer realm="orders"']])
    const open = await ask({ target: `/orders/open?access_token=${token}` })
    expect([open.status, open.body]).to.deep.equal([200, '{"kind":"anonymous"}'])
  })

  it('RFC 6750 §3: are asked for with the scheme and the realm, and without an error', async () => {
    const reply = await ask({})
    expect([reply.status, challengesIn(reply)]).to.deep.equal([401, ['Bearer realm="orders"']])
  })

  it('RFC 6750 §3.1: are refused with 400, 401 and 403, and a scope that lacks is named', async () => {
    const malformed = await bearing(`Bearer ${token}`, { target: '/orders?access_token=x' })
    const refused = await bearing(`Bearer ${forged}`)
    const lacking = await bearing(`Bearer ${token}`, { target: '/orders/archive' })
    expect([malformed.status, refused.status, lacking.status]).to.deep.equal([400, 401, 403])
    const errors = [malformed, refused, lacking].map((reply) => /error="(\w+)"/.exec(challengesIn(reply)[0] ?? '')?.[1])
    expect(errors).to.deep.equal(['invalid_request', 'invalid_token', 'insufficient_scope'])
    expect(challengesIn(lacking)).to.deep.equal(['Bearer realm="orders", error="insufficient_scope", scope="orders:archive"'])
  })

  it('RFC 6750 §3: are refused in one header, with each attribute once and no character that could end it', async () => {
    const hostile = 'a"b\\c\r\nSet-Cookie: x=1, Basic realm="x"\u00e9'
    const other = apiWith({
      authentication: bearer({ issuer, audience, keys: [hmacKey], realm: hostile, resourceMetadata: 'https://api.test/m?"x' }),
    })
    const asked: Asked[] = [
      {},
      { headers: { authorization: `Bearer ${forged}` } },
      { headers: { authorization: `Bearer ${token}` }, target: '/orders/archive' },
    ]
    for (const { headers = {}, target = '/orders' } of asked) {
      const reply = await other.answer(exchangeOf({ request: { target, headers: { host: 'api.test', ...headers } } }).request)
      const [challenge = '', ...others] = challengesIn(reply)
      expect(others).to.deep.equal([])
      expect(challenge).to.match(/^Bearer (?:[a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*"(?:, |$))+$/)
      const names = Array.from(challenge.matchAll(/([a-z_]+)="[^"]*"/g), ([, name]) => name)
      expect(names).to.have.length(new Set(names).size)
    }
  })

  it('RFC 6750 §5.3: and what is answered to their bearers is kept by no cache', async () => {
    const reply = await bearing(`Bearer ${token}`)
    expect(reply.headers[reply.headers.indexOf('Cache-Control') + 1]).to.equal('no-store')
  })
})
