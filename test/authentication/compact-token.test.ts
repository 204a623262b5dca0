import { expect } from 'chai'
import * as fc from 'fast-check'
import { readCompactToken } from '../../lib/authentication/compact-token.js'
import { goodClaims, goodHeader, goodToken, segment } from './forge.js'

const signature = 'AAAA'
const withClaims = (claims: string | Uint8Array) => readCompactToken(`${segment(goodHeader)}.${segment(claims)}.${signature}`)
const withHeader = (header: string | Uint8Array) => readCompactToken(`${segment(header)}.${segment(goodClaims)}.${signature}`)

// What ends names and strings stands in them as well.
const anyName = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('\\', '"', ':', ' ', 'a') }))

describe('a compact token', () => {
  it('is read into its header and claims', () => {
    const read = readCompactToken(goodToken)
    expect(read?.header).to.deep.equal(goodHeader)
    expect(read?.claims).to.deep.equal(goodClaims)
    expect(read?.signatureLength).to.equal(43)
  })

  it('reads what JSON.parse reads, for any claims', () => {
    fc.assert(
      fc.property(fc.dictionary(anyName, fc.jsonValue({ maxDepth: 5 })), (claims) => {
        const text = JSON.stringify(claims)
        expect(JSON.stringify({ ...withClaims(text)?.claims })).to.equal(text)
      }),
    )
  })

  it('has the header that it came with, whichever came before', () => {
    for (const kid of ['one', 'two', 'two', 'one']) {
      expect(withHeader(JSON.stringify({ ...goodHeader, kid }))?.header).to.deep.equal({ ...goodHeader, kid })
      expect(withHeader('{"alg":"HS256","alg":"none"}')).to.equal(undefined)
    }
  })

  it('has exactly three segments', () => {
    const [header = '', claims = '', last = ''] = goodToken.split('.')
    for (const token of [
      '',
      '.',
      '..',
      '...',
      header,
      `${header}.${claims}`,
      `${header}.${claims}.`,
      `.${claims}.${last}`,
      `${header}..${last}`,
      `${goodToken}.`,
      `.${goodToken}`,
      `${goodToken}.${last}`,
    ]) {
      expect(readCompactToken(token), token).to.equal(undefined)
    }
  })

  it('holds nothing but the characters of base64url, at any place', () => {
    const strangers = fc.oneof(
      fc.constantFrom(' ', '\t', '\n', '\r', '=', '+', '/', '%', '?', '\0', ',', ';', 'é', '\u2028', '🔑'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    )
    fc.assert(
      fc.property(strangers, fc.nat(goodToken.length), (stranger, place) => {
        fc.pre(!/^[A-Za-z0-9_.-]$/.test(stranger))
        expect(readCompactToken(goodToken.slice(0, place) + stranger + goodToken.slice(place))).to.equal(undefined)
      }),
    )
  })

  it('has one spelling: no segment leaves bits over', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 63 }), (bytes, extra) => {
        fc.pre(bytes.length % 3 !== 0)
        const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
        const canonical = Buffer.from(bytes).toString('base64url')
        const last = alphabet.indexOf(canonical.at(-1)!)
        const other = canonical.slice(0, -1) + alphabet[last ^ (bytes.length % 3 === 1 ? extra % 16 || 1 : extra % 4 || 1)]
        const start = goodToken.slice(0, goodToken.lastIndexOf('.') + 1)
        expect(readCompactToken(start + canonical)).not.to.equal(undefined)
        expect(Buffer.from(other, 'base64url')).to.deep.equal(Buffer.from(bytes))
        expect(readCompactToken(start + other)).to.equal(undefined)
      }),
    )
    expect(readCompactToken(`${segment(goodHeader)}.${segment(goodClaims)}.AAAAA`)).to.equal(undefined)
  })

  it('holds JSON objects, not other values', () => {
    for (const value of [
      '[]',
      '[{}]',
      'null',
      'true',
      '1',
      '"{}"',
      '',
      '{',
      '{}}',
      '{"a":1,}',
      "{'a':1}",
      '{} {}',
      '\uFEFF{}',
      '{"a":NaN}',
      '{"a":01}',
    ]) {
      expect(withClaims(value), value).to.equal(undefined)
      expect(withHeader(value), value).to.equal(undefined)
    }
  })

  it('holds strict UTF-8', () => {
    for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
      expect(withClaims(Buffer.concat([Buffer.from('{"sub":"'), Buffer.from(bytes), Buffer.from('"}')]))).to.equal(undefined)
    }
    expect(withClaims('{"sub":"Zoë 🔑"}')?.claims['sub']).to.equal('Zoë 🔑')
  })

  it('names each member once, at every depth and in every spelling', () => {
    for (const text of [
      '{"sub":"alice","sub":"carol"}',
      '{"sub":"alice","s\\u0075b":"carol"}',
      '{"a":{"b":1,"b":1}}',
      '{"a":[0,{"b":1,"c":2,"b":3}]}',
      '{"__proto__":1,"__proto__":2}',
      '{"":1,"":2}',
      '{ "a" : 1 , "a"\t\r\n :2}',
      '{"a\\"b":1,"a\\u0022b":2}',
    ]) {
      expect(withClaims(text), text).to.equal(undefined)
      expect(withHeader(text), text).to.equal(undefined)
    }
    expect(withClaims('{"a":":\\":","b":{"a":"\\\\"},"c":["x:y","\\\\\\":"]}')?.claims['b']).to.deep.equal({ a: '\\' })
    expect(withClaims(' {\n"a" : {"b"\t:1} ,\r"c": [ ":" , "d" ] }')?.claims['a']).to.deep.equal({ b: 1 })
  })

  it('refuses any object to which a name is added again', () => {
    fc.assert(
      fc.property(fc.dictionary(anyName, fc.jsonValue({ maxDepth: 3 }), { minKeys: 1 }), fc.nat(), (claims, pick) => {
        const names = Object.keys(claims)
        const again = `${JSON.stringify(claims).slice(0, -1)},${JSON.stringify(names[pick % names.length])}:0}`
        expect(withClaims(again)).to.equal(undefined)
        expect(withClaims(`{"outer":[${again}]}`)).to.equal(undefined)
      }),
    )
  })

  it('is not nested deeper than 32 levels', () => {
    const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`
    expect(withClaims(nested(32))).not.to.equal(undefined)
    expect(withClaims(nested(33))).to.equal(undefined)
    expect(withClaims(nested(100_000))).to.equal(undefined)
  })

  it('cannot be changed by a handler, and inherits nothing', () => {
    const claims = withClaims('{"a":{"b":[{}]},"__proto__":{"admin":true}}')?.claims as { a: { b: object[] } }
    for (const name of ['admin', ...Object.getOwnPropertyNames(Object.prototype)].filter((one) => one !== '__proto__')) {
      expect(name in claims, name).to.equal(false)
    }
    expect(Object.hasOwn(claims, '__proto__')).to.equal(true)
    expect(Reflect.ownKeys(Object.getPrototypeOf(claims) as object)).to.deep.equal([])
    for (const part of [claims, claims.a, claims.a.b, claims.a.b[0]]) expect(Object.isFrozen(part)).to.equal(true)
  })
})
