import { expect } from 'chai'
import * as fc from 'fast-check'
import { credentialsIn, isTokenInQuery } from '../../lib/authentication/credentials.js'

describe('credentials', () => {
  it('are read behind the scheme Bearer, in any case and after any spaces', () => {
    for (const header of ['Bearer a.b.c', 'bearer a.b.c', 'BEARER a.b.c', 'bEaReR   a.b.c'])
      expect(credentialsIn(header, 'bearer'), header).to.equal('a.b.c')
    expect(credentialsIn('Bearer', 'bearer')).to.equal('')
    expect(credentialsIn('Bearer ', 'bearer')).to.equal('')
  })

  it('are not read behind any other scheme', () => {
    for (const header of [
      undefined,
      '',
      'Basic YTpi',
      'Bearera.b.c',
      'Bearer\ta.b.c',
      ' Bearer a.b.c',
      'DPoP a.b.c',
      'Bearer, a',
      'Beare a.b.c',
      'Token a.b.c',
    ]) {
      expect(credentialsIn(header, 'bearer'), header).to.equal(undefined)
    }
  })

  it('are kept as they were sent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (token) => {
        fc.pre(!token.startsWith(' '))
        expect(credentialsIn(`Bearer ${token}`, 'bearer')).to.equal(token)
      }),
    )
  })

  it('are noticed in the query, however the name is written', () => {
    for (const query of [
      'access_token=x',
      'access_token',
      'a=1&access_token=x',
      'access_token=x&a=1',
      '%61ccess_token=x',
      'a=1&access%5Ftoken',
      'access_token=%',
    ]) {
      expect(isTokenInQuery(query), query).to.equal(true)
    }
    for (const query of ['', 'a=access_token', 'my_access_token=1', 'access_tokens=1', 'a=%26access_token=1', 'q=access_token%3D1']) {
      expect(isTokenInQuery(query), query).to.equal(false)
    }
  })

  it('are noticed in a query exactly where URLSearchParams finds them', () => {
    const part = fc.constantFrom('access_token', '%61', 'a', '=', '&', '%', '%26', '%3D', '1', 'access%5ftoken')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const query = parts.join('')
        expect(isTokenInQuery(query)).to.equal(new URLSearchParams(query).has('access_token'))
      }),
    )
  })
})
