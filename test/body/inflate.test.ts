import { brotliCompressSync, crc32, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { inflateWithin, inflaterOf } from '../../lib/body/inflate.js'
import { ApiError } from '../../lib/errors.js'

const limit = 1_000_000
const codings = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync } as const
const each = Object.entries(codings) as Array<[string, (bytes: Buffer) => Buffer]>

/** What came out, or the status of the refusal. */
async function inflated(coding: string, bytes: Buffer, most = limit): Promise<Buffer | number> {
  const how = inflaterOf(coding)
  if (how === undefined) return bytes
  try {
    return await inflateWithin(how, bytes, most)
  } catch (error) {
    if (error instanceof ApiError) return error.status
    throw error
  }
}

/** A gzip member with the optional fields of RFC 1952 that `flags` names. */
function gzipWith(flags: number, fields: Buffer, content: Buffer): Buffer {
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc32(content), 0)
  trailer.writeUInt32LE(content.length, 4)
  const header = Buffer.concat([Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255]), fields])
  const checksum = Buffer.alloc((flags & 2) === 0 ? 0 : 2)
  if (checksum.length > 0) checksum.writeUInt16LE(crc32(header) & 0xffff)
  return Buffer.concat([header, checksum, deflateRawSync(content), trailer])
}

describe('a compressed body', () => {
  it('is what was compressed, for any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), fc.constantFrom(...each), async (bytes, [coding, compress]) => {
        const content = Buffer.from(bytes)
        expect(await inflated(coding, compress(content))).to.deep.equal(content)
      }),
      { numRuns: 60 },
    )
  })

  it('ends where its coding ends: nothing follows, and nothing is missing', async () => {
    for (const [coding, compress] of each) {
      const whole = compress(Buffer.from('{"a":1}'))
      const empty = compress(Buffer.alloc(0))
      for (const more of [Buffer.from('x'), Buffer.alloc(1), Buffer.alloc(9), whole, empty]) {
        expect(await inflated(coding, Buffer.concat([whole, more])), `${coding} and ${more.toString('hex')}`).to.equal(400)
      }
      expect(await inflated(coding, Buffer.concat([empty, whole])), `${coding} after nothing`).to.equal(400)
      for (let length = 0; length < whole.length; length++) {
        expect(await inflated(coding, whole.subarray(0, length)), `${coding} to ${length}`).to.equal(400)
      }
    }
  })

  it('is read or refused, whatever the bytes are', async () => {
    const prefix = fc.constantFrom(Buffer.alloc(0), Buffer.from([0x1f, 0x8b, 8]), Buffer.from([0x78, 0x9c]))
    await fc.assert(
      fc.asyncProperty(prefix, fc.uint8Array({ maxLength: 40 }), fc.constantFrom(...each), async (first, bytes, [coding]) => {
        const result = await inflated(coding, Buffer.concat([first, bytes]), 1_000)
        if (typeof result === 'number') expect(result).to.be.oneOf([400, 413])
        else expect(result.length).to.be.at.most(1_000)
      }),
      { numRuns: 100 },
    )
  })

  it('may have exactly as many bytes as the limit, and not one more', async () => {
    for (const [coding, compress] of each) {
      expect(await inflated(coding, compress(Buffer.alloc(100)), 100), coding).to.deep.equal(Buffer.alloc(100))
      expect(await inflated(coding, compress(Buffer.alloc(101)), 100), coding).to.equal(413)
    }
  })

  it('costs no more than its limit, however much would come out', async () => {
    const bombs = each.map(([coding, compress]) => [coding, compress(Buffer.alloc(coding === 'br' ? 5_000_000 : 50_000_000))] as const)
    const before = process.memoryUsage().arrayBuffers
    const most = await Promise.all(
      bombs.map(async ([coding, bomb]) => {
        expect(await inflated(coding, bomb, 100_000), coding).to.equal(413)
        return process.memoryUsage().arrayBuffers - before
      }),
    )
    expect(Math.max(...most)).to.be.below(4_000_000)
  })
})

describe('a gzip body', () => {
  const content = Buffer.from('{"a":1}')

  it('may have all the fields that gzip knows', async () => {
    for (const [flags, fields] of [
      [0, ''],
      [1, ''],
      [2, ''],
      [4, '\x03\0abc'],
      [8, 'name.json\0'],
      [16, 'comment\0'],
      [31, '\x01\0xname\0comment\0'],
    ] as const) {
      expect(await inflated('gzip', gzipWith(flags, Buffer.from(fields, 'latin1'), content)), String(flags)).to.deep.equal(content)
    }
  })

  it('has fields that end within it', async () => {
    for (const [flags, fields] of [
      [4, '\xff\xff'],
      [8, 'no end'],
      [0x20, ''],
      [0x80, ''],
    ] as const) {
      const member = gzipWith(flags, Buffer.from(fields, 'latin1'), content)
      expect(await inflated('gzip', member.subarray(0, 16)), String(flags)).to.equal(400)
      expect(await inflated('gzip', member), String(flags)).to.equal(400)
    }
  })

  it('has a header as its own checksum says', async () => {
    const member = gzipWith(2 + 8, Buffer.from('name.json\0'), content)
    expect(await inflated('gzip', member)).to.deep.equal(content)
    for (const index of [4, 12, 20, 21]) {
      const forged = Buffer.from(member)
      forged[index]! ^= 1
      expect(await inflated('gzip', forged), `byte ${index}`).to.equal(400)
    }
  })

  it('is what its checksum and its length say', async () => {
    const member = gzipSync(content)
    for (let index = 1; index <= 8; index++) {
      const forged = Buffer.from(member)
      forged[forged.length - index]! ^= 1
      expect(await inflated('gzip', forged), `byte ${index} from the end`).to.equal(400)
    }
  })
})
