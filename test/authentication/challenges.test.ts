import { expect } from 'chai'
import * as fc from 'fast-check'
import { challengesOf } from '../../lib/authentication/challenges.js'

describe('challenges', () => {
  it('name the realm, and an error only where a token came', () => {
    const { missing, invalidToken, invalidRequest } = challengesOf({ realm: 'orders' })
    expect(missing).to.deep.equal(['WWW-Authenticate', 'Bearer realm="orders"'])
    expect(invalidToken[1]).to.match(/^(?:Bearer|DPoP) realm="orders", error="invalid_token", error_description="[^"\\]+"$/)
    expect(invalidRequest[1]).to.match(/^(?:Bearer|DPoP) realm="orders", error="invalid_request", error_description="[^"\\]+"$/)
  })

  it('name the metadata, the scope that lacks, and how tokens are bound', () => {
    const options = {
      realm: 'orders',
      resourceMetadata: 'https://api.test/.well-known/oauth-protected-resource',
      proofAlgorithms: 'ES256 EdDSA',
    }
    const { missing, insufficientScope, useNonce } = challengesOf(options)
    const common = `realm="orders", resource_metadata="${options.resourceMetadata}"`
    expect(missing[1]).to.equal(`Bearer ${common}, DPoP algs="ES256 EdDSA"`)
    expect(challengesOf({ ...options, isProofRequired: true }).missing[1]).to.equal(`DPoP ${common}, algs="ES256 EdDSA"`)
    expect(challengesOf({ realm: 'a' }).insufficientScope('orders:read x"y')[1]).to.equal(
      'Bearer realm="a", error="insufficient_scope", scope="orders:read xy"',
    )
    expect(insufficientScope('x')[1]).to.include('error="insufficient_scope"')
    expect(useNonce[1]).to.include('error="use_dpop_nonce"')
  })

  it('say which login to come back with, as far as it matters (RFC 9470 §3)', () => {
    const needed = { description: 'This needs a more recent login', acrValues: ['gold', 'silver'], maxAge: 300 }
    const error = 'error="insufficient_user_authentication", error_description="This needs a more recent login"'
    const asked = `${error}, acr_values="gold silver", max_age="300"`
    const { insufficientAuthentication } = challengesOf({ realm: 'orders' })
    expect(insufficientAuthentication(needed)).to.deep.equal(['WWW-Authenticate', `Bearer realm="orders", ${asked}`])
    expect(insufficientAuthentication({ description: needed.description })[1]).to.equal(`Bearer realm="orders", ${error}`)
    const bound = { realm: 'orders', proofAlgorithms: 'ES256' }
    expect(challengesOf(bound).insufficientAuthentication(needed)[1]).to.equal(
      `Bearer realm="orders", ${asked}, DPoP ${asked}, algs="ES256"`,
    )
    expect(challengesOf({ ...bound, isProofRequired: true }).insufficientAuthentication(needed)[1]).to.equal(
      `DPoP realm="orders", ${asked}, algs="ES256"`,
    )
  })

  it('hold only what RFC 6750 lets stand between quotes, whatever the realm is', () => {
    const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a"b', 'a\\b', 'a\r\nSet-Cookie: x', 'Zoë'))
    fc.assert(
      fc.property(anything, (realm) => {
        for (const [, value] of Object.values(challengesOf({ realm })).filter((one) => typeof one !== 'function') as string[][]) {
          expect(value).to.match(
            /^(?:Bearer realm="[\x20\x21\x23-\x5b\x5d-\x7e]*"|DPoP)(?:,? error="[a-z_]+", error_description="[\x20\x21\x23-\x5b\x5d-\x7e]+")?$/,
          )
        }
      }),
    )
  })
})
