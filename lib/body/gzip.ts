import { crc32 } from 'node:zlib'

/** What a gzip file must say of itself (RFC 1952 §2.3): where its compressed part lies, and what must come out of it. */
export interface GzipMember {
  readonly deflated: Buffer
  readonly crc32: number
  /** Bytes, modulo 2³². */
  readonly length: number
}

const fixedHeader = 10
const trailer = 8
const flags = { checksum: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 }

/**
 * Takes one gzip member apart, to its last byte; undefined where it is none. zlib's own reader would go on with a second
 * member and overlook bytes after a NUL: two readers of one body must not see two bodies.
 */
export function gzipMember(bytes: Buffer): GzipMember | undefined {
  const start = headerLength(bytes)
  const end = bytes.length - trailer
  if (start === undefined || start > end) return undefined
  return { deflated: bytes.subarray(start, end), crc32: bytes.readUInt32LE(end), length: bytes.readUInt32LE(end + 4) }
}

function headerLength(bytes: Buffer): number | undefined {
  if (bytes.length < fixedHeader || bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8) return undefined
  const said = bytes[3] ?? 0
  if ((said & flags.reserved) !== 0) return undefined
  let length = fixedHeader
  if ((said & flags.extra) !== 0) {
    if (bytes.length < length + 2) return undefined
    length += 2 + bytes.readUInt16LE(length)
  }
  for (const text of [flags.name, flags.comment]) {
    if ((said & text) === 0) continue
    const end = bytes.indexOf(0, length)
    if (end < 0) return undefined
    length = end + 1
  }
  if ((said & flags.checksum) === 0) return length
  const isWhole = bytes.length >= length + 2 && bytes.readUInt16LE(length) === (crc32(bytes.subarray(0, length)) & 0xffff)
  return isWhole ? length + 2 : undefined
}
