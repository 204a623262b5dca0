import { PassThrough, Readable } from 'node:stream'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { BodyLimit, Consumes, bodyReading } from '../../lib/body/body.js'
import type { BodyOptions } from '../../lib/body/body.js'
import { discard } from '../../lib/body/discard.js'
import { parseJson } from '../../lib/body/json.js'
import type { ApiRequest } from '../../lib/context.js'
import type { Class } from '../../lib/decorator.js'
import { ApiError } from '../../lib/errors.js'
import { policyOf } from '../../lib/policy.js'
import { exchangeOf, take } from '../exchange.js'

class Plain {
  method() {}
}

function compiled(options: BodyOptions = {}, controller: Class = Plain, wanted = true) {
  const mistakes: string[] = []
  const step = bodyReading({ ...options, wanted: () => wanted }).compile({
    policy: policyOf(controller, 'method'),
    name: 'Plain.method',
    method: 'POST',
    path: '/',
    params: [],
    mistake: (problem) => void mistakes.push(problem),
    describe: () => undefined,
  })
  return { step, mistakes }
}

interface Sent {
  readonly headers?: Record<string, string>
  readonly options?: BodyOptions
  readonly controller?: Class
  readonly wanted?: boolean
  readonly request?: Partial<ApiRequest>
}

/** What becomes of a body: what was parsed, or the error. */
async function outcome(body: string | Buffer | Readable, sent: Sent = {}): Promise<unknown> {
  const stream = body instanceof Readable ? body : Readable.from(body.length === 0 ? [] : [Buffer.from(body as string)])
  const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked', ...sent.headers }
  const exchange = exchangeOf({ request: { body: stream, headers, ...sent.request } })
  try {
    await take(compiled(sent.options, sent.controller, sent.wanted).step, exchange)
    return exchange.rawBody
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
}

const codeOf = async (...args: Parameters<typeof outcome>) => {
  const result = await outcome(...args)
  return result instanceof ApiError ? result.code : 'read'
}

describe('a JSON body', () => {
  it('is what JSON.parse makes of it', async () => {
    const clean = fc.jsonValue({ maxDepth: 8 }).filter((value) => !/__proto__|constructor|prototype/.test(JSON.stringify(value)))
    await fc.assert(
      fc.asyncProperty(clean, async (value) => {
        expect(await outcome(JSON.stringify(value))).to.deep.equal(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('is read or refused, whatever the bytes are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const result = await outcome(Buffer.from(bytes))
        if (result instanceof ApiError) expect(result.status).to.equal(400)
      }),
    )
  })

  it('comes in any pieces, even inside a character', async () => {
    const bytes = Buffer.from('{"name":"\u00e4\u{1f680}"}')
    expect(await outcome(Readable.from([...bytes].map((byte) => Buffer.from([byte]))))).to.deep.equal({ name: 'ä🚀' })
  })

  it('holds no key that means something to JavaScript, however it is spelled and however deep', async () => {
    for (const key of ['__proto__', 'constructor', 'prototype', '__\\u0070roto__', '\\u0063onstructor']) {
      expect(await codeOf(`{"a":[{"${key}":1}]}`), key).to.equal('malformed-request')
    }
    expect(await codeOf('{"text":"the constructor of __proto__ \\\\u0041"}')).to.equal('read')
  })

  it('is nested as deep as it may be, and no deeper', async () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
    expect(await codeOf(nested(32))).to.equal('read')
    expect(await codeOf(nested(33))).to.equal('malformed-request')
    expect(await codeOf(nested(50_000))).to.equal('malformed-request')
    expect(await codeOf('['.repeat(99_000))).to.equal('malformed-request')
    expect(await codeOf(nested(5), { options: { depth: 4 } })).to.equal('malformed-request')
    expect(await codeOf(JSON.stringify({ a: '[[[[[[[', b: '"\\"[[[' }), { options: { depth: 1 } })).to.equal('read')
    expect(await codeOf(JSON.stringify(Array.from({ length: 1_000 }, () => ({}))))).to.equal('read')
  })

  it('lets no number be infinite, however many digits and whatever exponent it has, and refuses no other', () => {
    const digits = fc.integer({ min: 1, max: 330 }).map((count) => '9'.repeat(count))
    const exponent = fc.tuple(fc.constantFrom('', 'e', 'E', 'e+', 'e-'), fc.constantFrom('', '0', '00'), fc.integer({ min: 0, max: 330 }))
    fc.assert(
      fc.property(fc.nat(220), digits, fc.constantFrom('', '.5', '.000'), exponent, (place, whole, fraction, [sign, zeros, power]) => {
        const text = `[${' '.repeat(place)}${whole}${fraction}${sign === '' ? '' : `${sign}${zeros}${power}`}]`
        const isFinite = Number.isFinite((JSON.parse(text) as [number])[0])
        let isRead = true
        try {
          parseJson(text, 4)
        } catch {
          isRead = false
        }
        return isRead === isFinite
      }),
      { numRuns: 2_000 },
    )
  })

  it('looks for them in a time that grows with the text alone', () => {
    const text = JSON.stringify(Array.from({ length: 4_800 }, () => '1'.repeat(208)).join(','))
    const before = process.cpuUsage()
    for (let count = 0; count < 5; count += 1) parseJson(text, 4)
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1e3, 'each run of digits would be tried from each of them: over half a second a megabyte').to.be.below(500)
  })

  it('holds no number that is larger than numbers are', async () => {
    for (const text of ['1e400', '-1e400', '{"a":[1E+309]}', `[${'9'.repeat(309)}]`, '1'.repeat(400)]) {
      expect(await codeOf(text), text).to.equal('malformed-request')
    }
    const fine = ['1e308', '-1.5E+3', '1e-400', '"1e400"', '{"1e400":1}', `"${'9'.repeat(400)}"`, `0.${'9'.repeat(400)}`, '9'.repeat(308)]
    for (const text of fine) expect(await outcome(text), text).to.deep.equal(JSON.parse(text))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 330 }), fc.integer({ min: -330, max: 330 }), async (digits, exponent) => {
        const text = `-1${'0'.repeat(digits)}${exponent === 0 ? '' : `e${exponent}`}`
        expect(await codeOf(text)).to.equal(Number.isFinite(Number(text)) ? 'read' : 'malformed-request')
      }),
    )
  })

  it('is strict UTF-8 without a byte order mark', async () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0xaf, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0xef, 0xbb, 0xbf, 0x31],
    ]) {
      expect(await codeOf(Buffer.from(bytes))).to.equal('malformed-request')
    }
  })

  it('is never quoted in the answer', async () => {
    const result = (await outcome('{"password":"hunter2"')) as ApiError
    expect(`${result.message} ${result.reason}`).not.to.contain('hunter2')
  })

  it('is nothing where nothing was sent', async () => {
    expect(await outcome('')).to.equal(undefined)
    expect(await outcome('', { headers: { 'content-length': '0' } })).to.equal(undefined)
  })
})

describe('the limit of a body', () => {
  it('holds for the announced length, before a byte is read', async () => {
    const stream = new PassThrough()
    expect(await codeOf(stream, { headers: { 'content-length': '100001' } })).to.equal('payload-too-large')
    expect(stream.listenerCount('data')).to.equal(0)
    for (const length of ['-1', '1e3', '0x10', ' 1', '1,1', '9'.repeat(20)]) {
      expect(await codeOf('1', { headers: { 'content-length': length } }), length).to.equal('malformed-request')
    }
  })

  it('holds for what comes, whatever was announced', async () => {
    expect(await codeOf(`"${'a'.repeat(8)}"`, { options: { limit: 10 } })).to.equal('read')
    expect(await codeOf(`"${'a'.repeat(9)}"`, { options: { limit: 10 } })).to.equal('payload-too-large')
    expect(await codeOf(`"${'a'.repeat(9)}"`, { options: { limit: 10 }, headers: { 'content-length': '5' } })).to.equal('payload-too-large')
  })

  it('holds for what is inflated, and stops bombs', async () => {
    const bomb = Buffer.alloc(50_000_000, 'a')
    for (const [encoding, deflate] of [
      ['gzip', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
    ] as const) {
      const headers = { 'content-encoding': encoding }
      expect(await outcome(deflate('{"a":1}'), { headers })).to.deep.equal({ a: 1 })
      expect(await codeOf(deflate(encoding === 'br' ? bomb.subarray(0, 5_000_000) : bomb), { headers }), encoding).to.equal(
        'payload-too-large',
      )
      expect(await codeOf('{"a":1}', { headers }), encoding).to.equal('malformed-request')
    }
    for (const encoding of ['zstd', 'gzip, gzip', 'compress']) {
      expect(await codeOf('1', { headers: { 'content-encoding': encoding } }), encoding).to.equal('unsupported-media-type')
    }
  })

  it('is that of the nearest @BodyLimit', async () => {
    @BodyLimit('1kb')
    class Own {
      @BodyLimit(4)
      method() {}
    }
    expect(await codeOf('1234', { controller: Own })).to.equal('read')
    expect(await codeOf('12345', { controller: Own })).to.equal('payload-too-large')
    for (const size of ['huge', -1, 1.5, Number.NaN, '1 kb']) {
      class Broken {
        @BodyLimit(size as never)
        method() {}
      }
      expect(compiled({}, Broken).mistakes, String(size)).to.have.length(1)
    }
  })

  it('holds on routes that want no body, which never parse one', async () => {
    expect(await outcome('not json', { wanted: false })).to.equal(undefined)
    expect(await codeOf('', { wanted: false, headers: { 'content-length': '100001' } })).to.equal('payload-too-large')
  })
})

describe('the reading of a body', () => {
  it('ends when the client leaves', async () => {
    const stream = new PassThrough()
    const result = codeOf(stream)
    stream.write('{"a":')
    stream.destroy()
    expect(await result).to.equal('request-aborted')
    const broken = new PassThrough()
    const failing = codeOf(broken)
    broken.destroy(new Error('reset'))
    expect(await failing).to.equal('request-aborted')
  })

  it('refuses other types, and says which it takes', async () => {
    for (const type of [
      'application/json',
      'application/JSON; charset=UTF-8',
      'application/json;charset="utf-8"',
      'application/problem+json',
    ]) {
      expect(await codeOf('{}', { headers: { 'content-type': type } }), type).to.equal('read')
    }
    for (const type of [
      'text/plain',
      'text/json',
      'application/json, text/plain',
      'application/json; charset=utf-16',
      'application/json; charset=utf-8; charset=utf-7',
      'application/json;',
      'json',
      '',
      'application/x-www-form-urlencoded',
    ]) {
      const result = await codeOf('{}', { headers: { 'content-type': type } })
      expect(result, type).to.equal(type === 'application/json;' ? 'read' : 'unsupported-media-type')
    }
    const { headers } = (await outcome('{}', { headers: { 'content-type': 'text/plain' } })) as ApiError
    expect(headers).to.deep.equal(['Accept', 'application/json'])
  })

  it('is declared in a format that there is', () => {
    class Broken {
      @Consumes('xml' as never)
      method() {}
    }
    expect(compiled({}, Broken).mistakes).to.deep.equal(['bodies cannot be read as "xml"'])
  })

  it('reads forms where that is declared', async () => {
    class Form {
      @Consumes('form')
      method() {}
    }
    const sent = { controller: Form, headers: { 'content-type': 'application/x-www-form-urlencoded' } }
    expect(await outcome('a=1+2&b=%C3%A4&a=3&c', sent)).to.deep.equal({ a: ['1 2', '3'], b: 'ä', c: '' })
    for (const body of ['a=%zz', 'a=%ff', '__proto__=1', 'constructor[x]=1&constructor=1', 'a&'.repeat(1_001)]) {
      expect(await codeOf(body, sent), body.slice(0, 20)).to.equal('malformed-request')
    }
    expect(await codeOf('{}', { controller: Form })).to.equal('unsupported-media-type')
  })
})

describe("a body that the host's own parser has read", () => {
  const adopted = (parsedBody: unknown, options: BodyOptions = {}) =>
    outcome(spent(), { options, headers: { 'content-length': '2' }, request: { parsedBody, body: spent() } })

  function spent(): Readable {
    const stream = Readable.from(['{}'])
    stream.read()
    return stream
  }

  it('is of the declared type too where no header says a word of it', async () => {
    const sent = { headers: {}, request: { headers: {}, hasBody: true, parsedBody: { a: 1 }, body: spent() } }
    expect(await codeOf(spent(), sent)).to.equal('unsupported-media-type')
  })

  it('is limited and cleaned as if it had been read here', async () => {
    expect(await adopted({ a: [1] })).to.deep.equal({ a: [1] })
    expect(await adopted('{"a":1}')).to.deep.equal({ a: 1 })
    expect(await adopted(Buffer.from('{"a":1}'))).to.deep.equal({ a: 1 })
    for (const parsed of [JSON.parse('{"__proto__":1}'), '{"__proto__":1}', [[[[[]]]]], 'no json', { a: [Infinity] }]) {
      expect(((await adopted(parsed, { depth: 4 })) as ApiError).code, JSON.stringify(parsed)).to.equal('malformed-request')
    }
    expect(((await adopted({ a: 'a'.repeat(20) }, { limit: 10 })) as ApiError).code).to.equal('payload-too-large')
    expect(((await adopted('"aaaaaaaaaa"', { limit: 10 })) as ApiError).code).to.equal('payload-too-large')
  })

  it('must be there: a body that is gone is an error of the host, not an empty body', async () => {
    let thrown: unknown
    try {
      await outcome(spent(), { headers: { 'content-length': '2' }, request: { body: spent() } })
    } catch (error) {
      thrown = error
    }
    expect(thrown).to.be.instanceOf(TypeError)
    expect(String(thrown)).to.contain('a middleware read the body')
  })
})

describe('what is still sent after a refusal', () => {
  it('is taken and dropped, up to a bound', async () => {
    const stream = new PassThrough()
    discard(stream)
    stream.end(Buffer.alloc(1_000_000))
    await new Promise((resolve) => stream.once('end', resolve))
    const endless = new PassThrough()
    discard(endless)
    for (let sent = 0; sent < 20 && !endless.destroyed; sent++) {
      endless.write(Buffer.alloc(1_000_000))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(endless.destroyed).to.equal(true)
  })
})
