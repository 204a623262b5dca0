import crypto, { constants, createHmac, createSign } from 'node:crypto'
import { expect } from 'chai'
import { bearer } from '../../lib/authentication/bearer.js'
import { readCompactSignature } from '../../lib/authentication/compact-token.js'
import type { IssuerOptions } from '../../lib/authentication/issuer.js'
import { publicKeyOf } from '../../lib/authentication/key-material.js'
import { isSignedWith } from '../../lib/authentication/signature.js'
import type { TokenVerifier } from '../../lib/authentication/verifier.js'
import { audience, ec, goodClaims, goodHeader, goodToken, issuer, rsa, segment, signed, verdict, verifierOf } from './forge.js'

/** The claims of appendix A.1 to A.3: issuer `joe`, until 22 March 2011, for nobody in particular. */
const claims = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'
const whenGood = 1_300_819_379_000

/** The keys and signatures of the appendix, by its paragraphs. */
const examples = {
  A1: {
    header: 'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9',
    signature: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    secret: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
  },
  A2: {
    header: 'eyJhbGciOiJSUzI1NiJ9',
    signature:
      'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw',
    jwk: {
      kty: 'RSA',
      n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
      e: 'AQAB',
    },
  },
  A3: {
    header: 'eyJhbGciOiJFUzI1NiJ9',
    signature: 'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
    jwk: {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    },
  },
  A4: {
    token:
      'eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn',
    jwk: {
      kty: 'EC',
      crv: 'P-521',
      x: 'AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk',
      y: 'ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2',
    },
  },
}

type Source = Pick<IssuerOptions, 'keys' | 'jwks' | 'algorithms'>

const verifierOfJoe = (source: Source) => verifierWith({ issuer: 'joe', audience: 'anybody', ...source })

/** A verifier with no other keys than it is given. */
function verifierWith(options: IssuerOptions): TokenVerifier {
  const { verifier, mistakes } = bearer(options)
  if (mistakes.length > 0) throw new TypeError(mistakes.map(({ problem }) => problem).join())
  return verifier
}

/** What a verifier of `joe` says of an example, and of the example with another signature. */
function verdictsOn({ header, signature }: { readonly header: string; readonly signature: string }, source: Source): readonly string[] {
  const verifier = verifierOfJoe(source)
  const changed = `${signature.slice(0, 20)}${signature[20] === 'A' ? 'B' : 'A'}${signature.slice(21)}`
  return [signature, changed].map((one) => verdict(verifier, `${header}.${claims}.${one}`, whenGood))
}

describe('the JWS of RFC 7515', () => {
  // The examples name no audience: they are refused for that alone, once their signature has been found right.
  const expected = ['wrong-audience', 'bad-signature']

  it('RFC 7515 A.1: HS256 is right, and wrong when changed', () => {
    const { secret, ...parts } = examples.A1
    expect(verdictsOn(parts, { keys: [{ algorithm: 'HS256', secret: Buffer.from(secret, 'base64url') }] })).to.deep.equal(expected)
  })

  it('RFC 7515 A.2: RS256 is right, and wrong when changed', () => {
    const { jwk, ...parts } = examples.A2
    expect(verdictsOn(parts, { jwks: { keys: [jwk] } })).to.deep.equal(expected)
    expect(verdictsOn(parts, { jwks: { keys: [jwk] }, algorithms: ['PS256'] })).to.deep.equal(['wrong-algorithm', 'wrong-algorithm'])
  })

  it('RFC 7515 A.3: ES256 is right, and wrong when changed', () => {
    const { jwk, ...parts } = examples.A3
    expect(verdictsOn(parts, { jwks: { keys: [jwk] } })).to.deep.equal(expected)
  })

  it('RFC 7515 A.4: ES512 is right, and no token: what it signs is no JSON', () => {
    const { token, jwk } = examples.A4
    const key = publicKeyOf(jwk, 'ES512', expect.fail)
    if (key === undefined) expect.fail('no key')
    expect(readCompactSignature(token)).to.deep.include({ header: { alg: 'ES512' }, payload: segment('Payload') })
    const isRight = (one: string) => isSignedWith({ key, algorithm: 'ES512' }, one)
    expect([isRight(token), isRight(token.replace('.UGF5', '.UGF6'))]).to.deep.equal([true, false])
    expect(verdict(verifierOfJoe({ jwks: { keys: [jwk] } }), token)).to.equal('malformed')
  })

  it('RFC 7515 A.5, E: what is not signed is none', () => {
    const unsigned = `${segment('{"alg":"none"}')}.${claims}.`
    const critical = `${segment('{"alg":"none",\r\n "crit":["http://example.com/UNDEFINED"],\r\n "http://example.com/UNDEFINED":true\r\n}')}.RkFJTA.`
    for (const token of [unsigned, `${unsigned}AA`, critical, `${critical}AA`]) {
      expect(verdict(verifierOf({ issuer: 'joe' }), token, whenGood)).to.be.oneOf(['malformed', 'wrong-algorithm'])
    }
    expect(
      verdict(verifierOf(), signed({ ...goodHeader, crit: ['urn:example:undefined'], 'urn:example:undefined': true }, goodClaims)),
    ).to.equal('unknown-extension')
  })

  it('RFC 7515 F: what is signed stands in it, and not elsewhere', () => {
    const [header = '', , signature = ''] = goodToken.split('.')
    expect(readCompactSignature(`${header}..${signature}`)).to.equal(undefined)
    expect(verdict(verifierOf(), `${header}..${signature}`)).to.equal('malformed')
  })

  it('RFC 7515 §7.2: is none in JSON, whether flattened or not', () => {
    const [header = '', payload = '', signature = ''] = goodToken.split('.')
    const general = { payload, signatures: [{ protected: header, signature }] }
    for (const form of [general, { payload, protected: header, signature }]) {
      expect(verdict(verifierOf(), JSON.stringify(form))).to.equal('malformed')
      expect(verdict(verifierOf(), segment(form))).to.equal('malformed')
    }
  })

  it('RFC 7516 §7.1: is no JWE', () => {
    const header = segment({ alg: 'dir', enc: 'A256GCM', kid: 'one' })
    expect(verdict(verifierOf(), `${header}..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA`)).to.equal('malformed')
  })
})

describe('the algorithms of RFC 7518', () => {
  it('RFC 7518 §3.2: compares the whole MAC in constant time, wherever it differs', () => {
    const original = crypto.timingSafeEqual
    const compared: number[] = []
    const [header = '', payload = '', signature = ''] = goodToken.split('.')
    const changed = [`_${signature.slice(1)}`, `${signature.slice(0, -4)}AAAA`].filter((one) => one !== signature)
    Object.assign(crypto, {
      timingSafeEqual: (one: NodeJS.ArrayBufferView, other: NodeJS.ArrayBufferView) => {
        compared.push(one.byteLength, other.byteLength)
        return original(one, other)
      },
    })
    try {
      for (const one of changed) expect(verdict(verifierOf(), `${header}.${payload}.${one}`)).to.equal('bad-signature')
    } finally {
      Object.assign(crypto, { timingSafeEqual: original })
    }
    // 32 bytes, or the 43 characters that they are written with.
    expect(compared).to.have.length(2 * changed.length)
    for (const length of compared) expect(length).to.be.oneOf([32, 43])
  })

  it('RFC 7518 §3.2: takes no part of a MAC for the whole', () => {
    const [header = '', payload = ''] = goodToken.split('.')
    const mac = Buffer.from(goodToken.split('.')[2] ?? '', 'base64url')
    for (const length of [0, 1, 16, 31]) {
      expect(verdict(verifierOf(), `${header}.${payload}.${mac.subarray(0, length).toString('base64url')}`)).not.to.equal('accepted')
    }
    expect(verdict(verifierOf(), `${header}.${payload}.${Buffer.concat([mac, mac]).toString('base64url')}`)).to.equal('bad-signature')
  })

  it('RFC 7518 §3.4: takes an ECDSA signature of two numbers in range alone', () => {
    const verifier = verifierOf({ keys: [{ kid: 'one', algorithm: 'ES256', publicKey: ec.publicKey }] })
    const input = `${segment({ ...goodHeader, alg: 'ES256' })}.${segment(goodClaims)}`
    const right = createSign('sha256').update(input).sign({ key: ec.privateKey, dsaEncoding: 'ieee-p1363' })
    const verdictOn = (signature: Buffer) => verdict(verifier, `${input}.${signature.toString('base64url')}`)
    expect(verdictOn(right)).to.equal('accepted')
    const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
    const one = Buffer.concat([Buffer.alloc(31), Buffer.from([1])])
    const numbers = [Buffer.alloc(32), one, order, Buffer.alloc(32, 0xff), right.subarray(0, 32)]
    for (const r of numbers) {
      for (const s of numbers) expect(verdictOn(Buffer.concat([r, s])), Buffer.concat([r, s]).toString('hex')).to.equal('bad-signature')
    }
    const zero = Buffer.alloc(1)
    for (const longer of [
      Buffer.concat([right, zero]),
      Buffer.concat([zero, right]),
      Buffer.concat([zero, right.subarray(0, 32), zero, right.subarray(32)]),
      right.subarray(0, 63),
    ]) {
      expect(verdictOn(longer)).to.equal('bad-signature')
    }
  })

  it('RFC 7518 §3.5: takes an RSASSA-PSS signature whose salt is as long as its hash alone', () => {
    const verifier = verifierOf({ keys: [{ kid: 'one', algorithm: 'PS256', publicKey: rsa.publicKey }] })
    const input = `${segment({ ...goodHeader, alg: 'PS256' })}.${segment(goodClaims)}`
    const salted = (saltLength: number) =>
      createSign('sha256').update(input).sign({ key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, 'base64url')
    expect(verdict(verifier, `${input}.${salted(32)}`)).to.equal('accepted')
    for (const length of [0, 20, 31, 33, constants.RSA_PSS_SALTLEN_MAX_SIGN]) {
      expect(verdict(verifier, `${input}.${salted(length)}`), String(length)).to.equal('bad-signature')
    }
  })

  it('RFC 7518 §3.3: takes no RSASSA-PKCS1-v1_5 signature over another hash than its algorithm names', () => {
    const verifier = verifierOf({ keys: [{ kid: 'one', algorithm: 'RS256', publicKey: rsa.publicKey }] })
    const input = `${segment({ ...goodHeader, alg: 'RS256' })}.${segment(goodClaims)}`
    const hashed = (hash: string) => createSign(hash).update(input).sign(rsa.privateKey, 'base64url')
    expect(verdict(verifier, `${input}.${hashed('sha256')}`)).to.equal('accepted')
    for (const hash of ['sha1', 'sha384', 'sha512', 'md5']) expect(verdict(verifier, `${input}.${hashed(hash)}`)).to.equal('bad-signature')
  })

  it('RFC 7518 §6.4: finds no secret in a key set', () => {
    const secret = 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow'
    const input = `${segment({ alg: 'HS256' })}.${segment(goodClaims)}`
    const mac = createHmac('sha256', Buffer.from(secret, 'base64url')).update(input).digest('base64url')
    const set = [{ kty: 'oct', k: secret }, { ...ec.publicKey.export({ format: 'jwk' }), kid: 'one' } as const] as const
    const [, publicOne] = set
    expect(() => verifierWith({ issuer, audience, jwks: { keys: set } })).to.throw(TypeError, 'HS256 has neither publicKey nor privateKey')
    expect(verdict(verifierWith({ issuer, audience, jwks: { keys: [publicOne] } }), `${input}.${mac}`)).to.equal('wrong-algorithm')
  })
})
