import { generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import { BootError, bearer, createApi, createLogger } from '../../../lib/index.js'
import { returnAddress } from '../../../lib/oauth/client/return-address.js'
import { oauthLogin } from '../../../lib/oauth.js'
import type { OAuthLoginOptions } from '../../../lib/oauth.js'

const sound: OAuthLoginOptions = {
  issuer: 'https://login.example.com',
  clientId: 'web',
  clientSecret: 'a secret',
  origin: 'https://app.example.com',
}

function boot(options: Partial<OAuthLoginOptions>): readonly string[] {
  const login = oauthLogin({ ...sound, ...options })
  try {
    const logger = createLogger({ silent: true })
    createApi({ controllers: [login.controller], authentication: login.authentication, audit: { sinks: [] }, logger })
    return []
  } catch (thrown) {
    if (!(thrown instanceof BootError)) throw thrown
    return thrown.mistakes.map(({ place }) => place)
  }
}

describe('the options of a login', () => {
  it('let an API start: its routes are declared as closed as any', () => {
    expect(boot({})).to.deep.equal([])
    expect(
      boot({ path: '/a/b-c', cookie: '__Host-shop', allow: ['https://api.example.com'], dpop: true, pushesRequests: true }),
    ).to.deep.equal([])
    expect(boot({ origin: 'http://localhost:3000' })).to.deep.equal([])
    const { verifier } = bearer({ issuer: 'https://login.example.com', audience: 'x', jwksUri: 'https://login.example.com/jwks' })
    expect(boot({ scope: 'orders:read', verifier })).to.deep.equal([])
  })

  it('are refused at start-up, each by its name, where they mean nothing', () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
    const cases: ReadonlyArray<readonly [place: string, options: Partial<OAuthLoginOptions>]> = [
      ['issuer', { issuer: 'login.example.com' }],
      ['issuer', { issuer: 'http://login.example.com' }],
      ['issuer', { issuer: 'https://10.0.0.1' }],
      ['issuer', { issuer: 'https://user:secret@login.example.com' }],
      ['clientId', { clientId: '' }],
      ['clientId', { clientSecret: '' }],
      ['clientId', { privateKey: { key, algorithm: 'ES384' } }],
      ['origin', { origin: 'https://app.example.com/' }],
      ['origin', { origin: 'https://app.example.com/path' }],
      ['origin', { origin: 'http://app.example.com' }],
      ['path', { path: 'auth' }],
      ['path', { path: '/auth/:id' }],
      ['path', { path: '/auth/' }],
      ['cookie', { cookie: 'session' }],
      ['cookie', { cookie: '__Host-a; Domain=example.com' }],
      ['allow', { allow: ['https://api.example.com/path'] }],
      ['afterLogin', { afterLogin: 'https://evil.test' }],
      ['afterLogout', { afterLogout: '//evil.test' }],
      ['verifier', { scope: 'orders:read' }],
      ['lifetimes.idle', { lifetimes: { idle: 0 } }],
      ['lifetimes.absolute', { lifetimes: { absolute: Number.NaN } }],
      ['outbound.timeout', { outbound: { timeout: -1 } }],
    ]
    for (const [place, options] of cases) expect(boot(options), JSON.stringify(options)).to.deep.equal([`oauthLogin.${place}`])
    expect(boot({ privateKey: { key, algorithm: 'ES256' }, clientSecret: undefined } as never)).to.deep.equal(['oauthLogin.clientId'])
    expect(boot({ issuer: 'x', origin: 'x', path: 'x', cookie: 'x' }), 'all at once').to.have.length(4)
  })
})

describe('where a browser goes after its login', () => {
  const origin = 'https://app.example.com'

  it('is a path of this origin', () => {
    for (const path of ['/', '/orders', '/orders?page=2&text=a%0Ab#top', '/a//b', '/a%2Fb', '/%252Fx', '/@evil.test', '/a/../b']) {
      const address = returnAddress(path, origin, '/fallback')
      expect(address, path).not.to.equal('/fallback')
      expect(new URL(address, origin).origin).to.equal(origin)
    }
  })

  it('is the fallback for everything else, however it is written (open redirect)', () => {
    const addresses = [
      ...['https://evil.test', 'http:evil.test', '//evil.test', '///evil.test', '/\\evil.test', '\\\\evil.test', '/\\/evil.test'],
      ...['/\t/evil.test', '/\n/evil.test', '\t//evil.test', ' //evil.test', '/ /evil.test', '/\u0000', '/a\r\nSet-Cookie: x=1'],
      ...[
        '/%2Fevil.test',
        '/%5cevil.test',
        '/%2f%2fevil.test',
        '/a/../%2Fevil.test',
        '/%09/evil.test',
        '/a%0d%0aSet-Cookie:x',
        '/%00',
        '/%7f',
      ],
      ...['/..//evil.test', '/.//evil.test', '/a/..//evil.test', '/%2e%2e//evil.test', '/%2e//evil.test', '/a/%2e%2E//evil.test'],
      ...['javascript:alert(1)', 'data:text/html,x', 'orders', '', '?x', '#x', '/ünïcode', '/\u2028', `/${'x'.repeat(2_000)}`],
      ...['@evil.test', '.evil.test', ':443', 'evil.test', '/\u2215/evil.test', '/\uff0f/evil.test'],
    ]
    for (const address of addresses) expect(returnAddress(address, origin, '/fallback'), JSON.stringify(address)).to.equal('/fallback')
    for (const address of [undefined, null, 1, ['/a', '/b'], { toString: () => '/a' }]) {
      expect(returnAddress(address, origin, '/fallback')).to.equal('/fallback')
    }
  })

  it('never leaves this origin, whatever was asked for', () => {
    const hostile = fc.string({
      unit: fc.constantFrom('/', '\\', '.', '@', ':', '%', '2', 'f', 'e', '5', 'c', '?', '#', '\t', '\n', ' ', 'x'),
    })
    fc.assert(
      fc.property(fc.oneof(hostile, fc.webUrl(), fc.string()), (wanted) => {
        const address = returnAddress(wanted, origin, '/')
        expect(new URL(address, origin).origin).to.equal(origin)
        expect(new URL(address.replaceAll(/%2f/gi, '/').replaceAll(/%5c/gi, '\\'), origin).origin, 'decoded once more').to.equal(origin)
        expect(address).to.match(/^\/(?![/\\])[\x21-\x7e]*$/)
      }),
      { numRuns: 1_000 },
    )
  })
})
