import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { expect } from 'chai'
import { isRocaKey } from '../../lib/authentication/roca.js'
import { rsa } from './forge.js'

describe('a key of a faulty chip', () => {
  const primes = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
  ].concat([127, 131, 137, 139, 149, 151, 157, 163, 167])
  const product = primes.reduce((all, prime) => all * BigInt(prime), 2n)

  /** A key whose modulus leaves `rest` when divided by all small primes. */
  function keyLeaving(rest: bigint, bits: number): KeyObject {
    const start = 2n ** BigInt(bits - 1)
    const n = Buffer.from((start - (start % product) + product + rest).toString(16), 'hex').toString('base64url')
    return createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' })
  }

  function powersModulo(prime: number): ReadonlySet<number> {
    const found = new Set<number>()
    for (let power = 1; !found.has(power); power = (power * 65_537) % prime) found.add(power)
    return found
  }

  it('is told by its modulus: a power of 65537 for every small prime', () => {
    let power = 1n
    for (let times = 0; times < 20; times += 1) {
      power = (power * 65_537n) % product
      for (const bits of [2_048, 3_072, 4_096]) expect(isRocaKey(keyLeaving(power, bits))).to.equal(true)
    }
  })

  it('is told by every prime of which not all remainders are such powers', () => {
    const telling = primes.filter((prime) => powersModulo(prime).size < prime - 1)
    expect(telling).to.have.length(17)
    for (const prime of telling) {
      // Leaves the same as before for all other primes.
      const step = product / BigInt(prime)
      const others = Array.from({ length: prime }, (_, index) => (65_537n + BigInt(index) * step) % product)
      for (const rest of others) {
        const left = Number(rest % BigInt(prime))
        expect(isRocaKey(keyLeaving(rest, 2_048)), `${left} modulo ${prime}`).to.equal(powersModulo(prime).has(left))
      }
    }
  })

  it('is no other key', () => {
    for (let times = 0; times < 3; times += 1) {
      expect(isRocaKey(generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey)).to.equal(false)
    }
    expect([isRocaKey(rsa.publicKey), isRocaKey(rsa.privateKey)]).to.deep.equal([false, false])
  })
})
