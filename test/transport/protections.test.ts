import { expect } from 'chai'
import type { ApiRequest } from '../../lib/context.js'
import type { Class } from '../../lib/decorator.js'
import { ApiError } from '../../lib/errors.js'
import type { Mistake } from '../../lib/errors.js'
import type { Exchange } from '../../lib/exchange.js'
import { policyOf } from '../../lib/policy.js'
import type { RouteSetup, Step } from '../../lib/protection.js'
import { cors } from '../../lib/transport/cors.js'
import type { CorsOptions } from '../../lib/transport/cors.js'
import { https } from '../../lib/transport/https.js'
import { SecurityHeaders, defaultHeaders, headerPresets, securityHeaders } from '../../lib/transport/security-headers.js'
import { wellFormed } from '../../lib/transport/well-formed.js'
import { exchangeOf } from '../exchange.js'

class Plain {
  method() {}
}

function setupOf(controller: Class = Plain): RouteSetup & { readonly mistakes: string[] } {
  const mistakes: string[] = []
  return {
    policy: policyOf(controller, 'method'),
    name: 'Plain.method',
    method: 'GET',
    path: '/',
    params: [],
    mistakes,
    mistake: (problem) => void mistakes.push(problem),
    describe: () => undefined,
  }
}

function refusalOf(step: Step | undefined, exchange: Exchange): ApiError | undefined {
  try {
    void step?.(exchange)
    return undefined
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
}

const sent = (...raw: readonly string[]): Partial<ApiRequest> => {
  const headers: Record<string, string> = {}
  for (let index = 0; index < raw.length; index += 2) headers[raw[index]!.toLowerCase()] ??= raw[index + 1]!
  return { rawHeaders: raw, headers }
}

describe('a well-formed request', () => {
  const check = (...raw: readonly string[]) => refusalOf(wellFormed().compile(setupOf()), exchangeOf({ request: sent(...raw) }))

  it('has one of each header that must be one', () => {
    for (const name of ['Host', 'Authorization', 'Content-Type', 'Content-Length', 'Transfer-Encoding', 'Expect']) {
      const value = name === 'Transfer-Encoding' ? 'chunked' : '1'
      expect(check('Host', 'a', name, value, name.toLowerCase(), value)?.code, name).to.equal('malformed-request')
    }
    expect(check('Host', 'a', 'Accept', 'x', 'Accept', 'y')).to.equal(undefined)
  })

  it('names its host', () => {
    for (const host of ['api.example.com', 'api.example.com:8443', '127.0.0.1', '[::1]:80', 'localhost']) {
      expect(check('Host', host), host).to.equal(undefined)
    }
    for (const host of ['', 'a b', 'a/b', 'user@host', 'a,b', '[::1', 'a:b', 'ä']) expect(check('Host', host)?.status, host).to.equal(400)
    expect(check('Accept', '*/*')?.status).to.equal(400)
  })

  it('is framed in one way, or the connection ends', () => {
    expect(check('Host', 'a', 'Transfer-Encoding', 'chunked')).to.equal(undefined)
    for (const encoding of ['gzip, chunked', 'chunked, chunked', 'identity', 'xchunked', 'chunked;a=b', '']) {
      expect(check('Host', 'a', 'Transfer-Encoding', encoding), encoding).to.include({ status: 400, closes: true })
    }
    expect(check('Host', 'a', 'Transfer-Encoding', 'chunked', 'Content-Length', '5')).to.include({ status: 400, closes: true })
  })

  it('expects nothing but to go on', () => {
    expect(check('Host', 'a', 'Expect', '100-Continue')).to.equal(undefined)
    expect(check('Host', 'a', 'Expect', 'the-spanish-inquisition')?.status).to.equal(400)
  })
})

describe('HTTPS', () => {
  const check = (mode: 'require' | 'redirect' | 'off', exchange: Exchange, host?: string) =>
    refusalOf(https(mode, { host }).compile(setupOf()), exchange)
  const insecure = (method = 'GET') => exchangeOf({ request: { method }, target: { path: '/a', query: 'b=c' } })

  it('is required, and plain HTTP refused without a redirect', () => {
    expect(check('require', insecure())).to.include({ status: 403, code: 'https-required' })
    expect(check('require', exchangeOf({ client: { secure: true } }))).to.equal(undefined)
    expect(check('off', insecure())).to.equal(undefined)
  })

  it('is where browsers are sent, to the configured host and no other', () => {
    const redirect = check('redirect', insecure(), 'api.example.com')
    expect(redirect?.status).to.equal(308)
    expect(redirect?.headers).to.deep.equal(['Location', 'https://api.example.com/a?b=c'])
    expect(check('redirect', insecure('POST'), 'api.example.com')?.status).to.equal(403)
  })

  it('does not start as a redirect to nowhere', () => {
    for (const host of [undefined, '', 'a b', 'https://a', 'a/b', 'a\r\nb']) {
      const setup = setupOf()
      https('redirect', { host }).compile(setup)
      expect(setup.mistakes, String(host)).to.have.length(1)
    }
  })
})

describe('security headers', () => {
  const named = (flat: readonly string[]) => Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]]] : [])))

  it('are the API set, with HSTS over TLS only', () => {
    const { secure, plain } = securityHeaders({}, setupOf())
    expect(named(secure)).to.include({
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Cache-Control': 'no-store',
      'X-XSS-Protection': '0',
    })
    expect(named(secure)['Strict-Transport-Security']).to.match(/^max-age=\d{8}; includeSubDomains$/)
    expect(named(plain)['Strict-Transport-Security']).to.equal(undefined)
    expect(plain).to.deep.equal(defaultHeaders)
    expect(Object.isFrozen(secure) && Object.isFrozen(plain)).to.equal(true)
  })

  it('are replaced for the API, then for the class, then for the method; each by its name in any case', () => {
    @SecurityHeaders({ 'Referrer-Policy': 'origin', 'X-Frame-Options': 'SAMEORIGIN' })
    class Own {
      @SecurityHeaders({ 'x-frame-options': false, 'X-Own': 'yes' })
      method() {}
    }
    const { plain } = securityHeaders({ ...headerPresets.classic, 'cache-control': 'private' }, setupOf(Own))
    expect(named(plain)).to.include({
      'Referrer-Policy': 'origin',
      'X-Own': 'yes',
      'Cache-Control': 'private',
      'X-XSS-Protection': '1; mode=block',
    })
    expect(named(plain)).not.to.have.any.keys('X-Frame-Options', 'x-frame-options', 'cache-control')
  })

  it('do not start broken', () => {
    for (const headers of [{ 'X-A': 'a\r\nb: c' }, { 'X A': 'b' }, { '': 'b' }]) {
      const setup = setupOf()
      securityHeaders(headers, setup)
      expect(setup.mistakes).to.have.length(1)
    }
  })
})

describe('CORS', () => {
  const options: CorsOptions = { origins: ['https://shop.example.com', 'http://localhost:8080'] }

  const prepared = (given: CorsOptions | undefined) => {
    const mistakes: Mistake[] = []
    return { ...cors(given, (mistake) => mistakes.push(mistake)), mistakes }
  }
  const answered = (given: CorsOptions | undefined, origin?: string) => {
    const exchange = exchangeOf({ request: { headers: origin === undefined ? {} : { origin } } })
    void prepared(given).protection.compile(setupOf())?.(exchange)
    return exchange.answerHeaders
  }
  const preflight = (headers: Record<string, string>, given = options) => {
    try {
      return prepared(given).preflight(headers, ['GET', 'POST'])
    } catch (error) {
      return (error as ApiError).status
    }
  }

  it('tells exact origins alone that they may read, and caches that it depends', () => {
    expect(answered(options, 'https://shop.example.com')).to.include.members(['Access-Control-Allow-Origin', 'https://shop.example.com'])
    for (const origin of [
      'null',
      'https://shop.example.com.evil.test',
      'https://evil-shop.example.com',
      'http://shop.example.com',
      'https://shop.example.com:444',
      'HTTPS://SHOP.EXAMPLE.COM',
      'https://shop.example.com/',
      '',
      undefined,
    ]) {
      expect(answered(options, origin), String(origin)).to.deep.equal(['Vary', 'Origin'])
    }
    expect(answered(undefined, 'https://shop.example.com')).to.deep.equal([])
  })

  it('sends credentials where they are wanted, to exact origins', () => {
    const given = { ...options, credentials: true }
    expect(answered(given, 'https://shop.example.com')).to.include.members(['Access-Control-Allow-Credentials', 'true'])
    expect(answered(given, 'https://evil.test')).to.deep.equal(['Vary', 'Origin'])
  })

  it('answers a preflight for what is allowed, and reflects nothing', () => {
    const asked = { origin: 'https://shop.example.com', 'access-control-request-method': 'POST' }
    const allowed = preflight({ ...asked, 'access-control-request-headers': 'content-type, Authorization' })
    expect(allowed).to.include({
      'Access-Control-Allow-Methods': 'GET, POST',
      'Access-Control-Allow-Headers': 'authorization, content-type',
    })
    for (const refused of [
      { ...asked, origin: 'https://evil.test' },
      { ...asked, 'access-control-request-method': 'DELETE' },
      { ...asked, 'access-control-request-method': 'post' },
      { ...asked, 'access-control-request-headers': 'x-evil' },
      { ...asked, 'access-control-request-headers': 'authorization,' },
      { ...asked, 'access-control-request-headers': 'authorization\r\nx: y' },
    ]) {
      expect(preflight(refused), JSON.stringify(refused)).to.equal(403)
    }
  })

  it('does not start with everyone and credentials, nor with what is no origin', () => {
    expect(prepared({ origins: ['*'] }).mistakes).to.deep.equal([])
    expect(prepared({ origins: ['*'], credentials: true }).mistakes).to.have.length(1)
    for (const origin of ['null', 'https://a.test/', 'https://A.test', 'https://*.a.test', 'a.test', 'https://a.test:443', 'file://', '']) {
      expect(prepared({ origins: [origin] }).mistakes, origin).to.have.length(1)
    }
    expect(prepared({ origins: ['*', 'https://a.test'] }).mistakes).to.have.length(1)
  })
})
