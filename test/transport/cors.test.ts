import { expect } from 'chai'
import * as fc from 'fast-check'
import { ApiError } from '../../lib/errors.js'
import type { Mistake } from '../../lib/errors.js'
import { cors } from '../../lib/transport/cors.js'
import type { CorsOptions } from '../../lib/transport/cors.js'
import { exchangeOf } from '../exchange.js'
import { routeOf } from './route.js'

const shop = 'https://shop.example.com'
const options: CorsOptions = { origins: [shop], headers: ['Authorization', 'X-Tenant'] }

function mistakesIn(given: CorsOptions): readonly string[] {
  const mistakes: Mistake[] = []
  cors(given, (mistake) => mistakes.push(mistake))
  return mistakes.map(({ place }) => place)
}

const preparedOf = (given?: CorsOptions) => cors(given, ({ problem }) => expect.fail(problem))

function exchangeAfter(given: CorsOptions, headers: Record<string, string>) {
  const exchange = exchangeOf({ request: { headers } })
  void preparedOf(given).protection.compile(routeOf())?.(exchange)
  return exchange
}

function preflightOf(given: CorsOptions, method: string, headers: string | undefined, origin = shop) {
  try {
    const asked = headers === undefined ? {} : { 'access-control-request-headers': headers }
    return preparedOf(given).preflight({ origin, 'access-control-request-method': method, ...asked }, ['GET', 'HEAD', 'POST'])
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return error.reason
  }
}

describe('a page of another origin', () => {
  it('reads answers where its origin is allowed: these headers, and no others', () => {
    const { answerHeaders, event } = exchangeAfter({ ...options, exposes: ['X-Page'], credentials: true }, { origin: shop })
    expect(answerHeaders).to.deep.equal([
      'Vary',
      'Origin',
      'Access-Control-Allow-Origin',
      shop,
      'Access-Control-Allow-Credentials',
      'true',
      'Access-Control-Expose-Headers',
      'X-Page',
    ])
    expect(event).to.equal(undefined)
    expect(exchangeAfter({ ...options, exposes: [] }, { origin: shop }).answerHeaders).to.have.length(4)
  })

  it('gets nothing of what it sent, whatever it sends', () => {
    const origin = fc.oneof(
      fc.string(),
      fc.webUrl(),
      fc.constantFrom(`${shop}.evil.test`, `${shop}/`, `${shop}, ${shop}`, `${shop} `, 'null', '*'),
    )
    fc.assert(
      fc.property(origin, (sent) => {
        fc.pre(sent !== shop)
        expect(exchangeAfter({ ...options, credentials: true }, { origin: sent }).answerHeaders).to.deep.equal(['Vary', 'Origin'])
        expect(preflightOf(options, 'GET', undefined, sent)).to.equal('cors-origin')
      }),
    )
  })

  it('goes on where its origin is none of ours, and the record says so; a page of our own host is no event', () => {
    expect(exchangeAfter(options, { origin: 'https://evil.test', host: 'api.example.com' }).event).to.equal('malicious_cors')
    expect(exchangeAfter(options, { origin: 'null', host: 'api.example.com' }).event).to.equal('malicious_cors')
    expect(exchangeAfter(options, { origin: 'https://api.example.com', host: 'api.example.com' }).event).to.equal(undefined)
    expect(exchangeAfter(options, { host: 'api.example.com' }).event).to.equal(undefined)
  })

  it('reads a public API wherever it comes from, in an answer that caches may share', () => {
    const { answerHeaders } = exchangeAfter({ origins: ['*'] }, { origin: 'https://anybody.test' })
    expect(answerHeaders.slice(0, 2)).to.deep.equal(['Access-Control-Allow-Origin', '*'])
    expect(answerHeaders).not.to.include('Vary')
  })

  it('reads nothing where CORS is not configured', () => {
    const { protection, isPreflight } = preparedOf()
    expect(protection.compile(routeOf())).to.equal(undefined)
    const headers = { origin: shop, 'access-control-request-method': 'GET' }
    expect(isPreflight(exchangeOf({ request: { method: 'OPTIONS', headers } }).request)).to.equal(false)
  })
})

describe('a preflight', () => {
  it('is OPTIONS with an origin and a method asked for', () => {
    const { isPreflight } = preparedOf(options)
    const asks = (method: string, headers: Record<string, string>) => isPreflight(exchangeOf({ request: { method, headers } }).request)
    expect(asks('OPTIONS', { origin: shop, 'access-control-request-method': 'GET' })).to.equal(true)
    expect(asks('OPTIONS', { origin: shop })).to.equal(false)
    expect(asks('OPTIONS', { 'access-control-request-method': 'GET' })).to.equal(false)
    expect(asks('GET', { origin: shop, 'access-control-request-method': 'GET' })).to.equal(false)
  })

  it('is allowed what the path and the options allow, in one fixed answer', () => {
    const allowed = {
      'Access-Control-Allow-Methods': 'GET, HEAD, POST',
      'Access-Control-Allow-Headers': 'authorization, x-tenant',
      'Access-Control-Max-Age': '600',
    }
    for (const headers of [undefined, '', ' ', 'authorization', 'X-TENANT,Authorization', ' x-tenant ,\tauthorization']) {
      expect(preflightOf(options, 'POST', headers), String(headers)).to.deep.equal(allowed)
    }
    expect(preflightOf({ ...options, maxAge: 0, methods: ['GET', 'DELETE'] }, 'GET', undefined)).to.deep.equal({
      ...allowed,
      'Access-Control-Allow-Methods': 'GET',
      'Access-Control-Max-Age': '0',
    })
  })

  it('is refused for methods that the path does not answer to or the options leave out', () => {
    for (const method of ['DELETE', 'get', 'GET ', '', '*', 'GET, POST'])
      expect(preflightOf(options, method, undefined), method).to.equal('cors-method')
    expect(preflightOf({ ...options, methods: ['GET'] }, 'POST', undefined)).to.equal('cors-method')
  })

  it('is refused for lists that are none and for headers that are not allowed', () => {
    for (const headers of [
      'x-other',
      'authorization, x-other',
      ',',
      'authorization,',
      ',authorization',
      'a,,b',
      '*',
      'authorization;q=1',
      'authorization x-tenant',
    ]) {
      expect(preflightOf(options, 'POST', headers), headers).to.equal('cors-headers')
    }
  })

  it('reflects nothing: what is answered never depends on what was asked', () => {
    const name = fc.constantFrom('authorization', 'x-tenant', 'X-Tenant', 'x-evil', '', '*', '\u0131')
    fc.assert(
      fc.property(fc.array(name), fc.constantFrom('GET', 'POST', 'PUT'), (names, method) => {
        const answer = preflightOf(options, method, names.join(','))
        if (typeof answer !== 'string') expect(answer).to.deep.equal(preflightOf(options, 'GET', undefined))
      }),
    )
  })
})

describe('CORS options', () => {
  it('do not start where they allow nothing, or something else than they seem to', () => {
    expect(mistakesIn({ origins: [] })).to.deep.equal(['cors.origins'])
    for (const origin of [
      'https://user@a.test',
      'https://m\u00fcnchen.test',
      'https://a.test?',
      'ws://a.test',
      'https://a.test.',
      'https://a.test:0443',
      'https:a.test',
    ]) {
      const isExact = origin === 'https://a.test.'
      expect(mistakesIn({ origins: [origin] }), origin).to.deep.equal(isExact ? [] : ['cors.origins'])
    }
    expect(mistakesIn({ origins: [shop, 'null'], credentials: true })).to.deep.equal(['cors.origins'])
  })

  it('do not start with wildcards or broken names in lists', () => {
    for (const list of ['methods', 'headers', 'exposes'] as const) {
      for (const item of ['*', '', 'a b', 'a\r\nb', 'a,b'])
        expect(mistakesIn({ origins: [shop], [list]: [item] }), `${list} ${item}`).to.deep.equal([`cors.${list}`])
    }
  })

  it('do not start with an age that is none', () => {
    for (const maxAge of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(mistakesIn({ origins: [shop], maxAge })).to.deep.equal(['cors.maxAge'])
    expect(mistakesIn({ origins: [shop], maxAge: 0 })).to.deep.equal([])
  })
})
