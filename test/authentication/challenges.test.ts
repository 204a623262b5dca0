import { expect } from 'chai'
import * as fc from 'fast-check'
import { challengesOf } from '../../lib/authentication/challenges.js'

describe('challenges', () => {
  it('name the realm, and an error only where a token came', () => {
    const { missing, invalidToken, invalidRequest } = challengesOf('orders')
    expect(missing).to.deep.equal(['WWW-Authenticate', 'Bearer realm="orders"'])
    expect(invalidToken[1]).to.match(/^Bearer realm="orders", error="invalid_token", error_description="[^"\\]+"$/)
    expect(invalidRequest[1]).to.match(/^Bearer realm="orders", error="invalid_request", error_description="[^"\\]+"$/)
  })

  it('hold only what RFC 6750 lets stand between quotes, whatever the realm is', () => {
    const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a"b', 'a\\b', 'a\r\nSet-Cookie: x', 'Zoë'))
    fc.assert(
      fc.property(anything, (realm) => {
        for (const [, value] of Object.values(challengesOf(realm)) as string[][]) {
          expect(value).to.match(
            /^Bearer realm="[\x20\x21\x23-\x5b\x5d-\x7e]*"(?:, error="[a-z_]+", error_description="[\x20\x21\x23-\x5b\x5d-\x7e]+")?$/,
          )
        }
      }),
    )
  })
})
