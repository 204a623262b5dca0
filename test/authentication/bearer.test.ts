import { expect } from 'chai'
import { bearer } from '../../lib/authentication/bearer.js'
import { audience, goodToken, hmacKey, issuer, verdict } from './forge.js'

const placesOf = (options: object) => bearer({ issuer, audience, keys: [hmacKey], ...options }).mistakes.map(({ place }) => place)

describe('bearer', () => {
  it('finds nothing wrong with plain options', () => {
    const authentication = bearer({ issuer, audience, keys: [hmacKey] })
    expect(authentication).to.include({ name: 'bearer' })
    expect(authentication.mistakes).to.deep.equal([])
    expect(verdict(authentication.verifier, goodToken)).to.equal('accepted')
  })

  it('collects its mistakes by the option', () => {
    const wrong: Readonly<Record<string, readonly unknown[]>> = {
      issuer: ['', ' ', undefined, 1],
      audience: ['', '\t', undefined, [], [audience, '']],
      clockTolerance: [-1, 301, Number.NaN, Infinity, '5 s'],
      maxTokenBytes: [0, 255, 1e6, 1000.5, Number.NaN],
      typ: [[], [''], '', [1]],
      algorithms: [[], ['none'], 'HS256', ['HS256', 'RS256'], ['RS256', 'ES256', 'HS256'], ['HS512']],
      claims: ['roles', {}],
      keys: [[], undefined, {}],
    }
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) expect(placesOf({ [name]: value }), `${name}: ${String(value)}`).to.deep.equal([`authentication.${name}`])
    }
    for (const size of [0, -1, 1.5, Infinity, '10']) expect(placesOf({ cache: { size } })).to.deep.equal(['authentication.cache.size'])
    expect(placesOf({ issuer: '', audience: '', keys: [{ algorithm: 'HS256', secret: 'x' }], clockTolerance: 1e9 })).to.include.members([
      'authentication.issuer',
      'authentication.audience',
      'authentication.keys[0]',
      'authentication.clockTolerance',
    ])
  })

  it('takes what it says it takes', () => {
    for (const options of [
      { clockTolerance: 0 },
      { clockTolerance: 300 },
      { maxTokenBytes: 256 },
      { cache: false },
      { cache: {} },
      { cache: { size: 1 } },
      { typ: ['at+jwt'] },
      { typ: 'at+jwt' },
      { algorithms: ['HS256', 'HS512'] },
    ]) {
      expect(placesOf(options), JSON.stringify(options)).to.deep.equal([])
    }
  })

  it('says what to do about each mistake', () => {
    const { mistakes } = bearer({ issuer: '', audience, keys: [{ algorithm: 'HS256', secret: 'secret' }], clockTolerance: 3600 })
    for (const { problem, mend } of mistakes) {
      expect(problem).to.match(/\S/)
      expect(mend).to.match(/^(?:write|give) /)
    }
  })
})
