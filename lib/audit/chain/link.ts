import { createHash, createHmac, hash } from 'node:crypto'

/** The hash of a record that follows the one with the hash `previous`; empty before the first. */
export type Link = (previous: string, record: Uint8Array | string) => string

/** Bytes that are hashed in one go; what is longer is rare, and hashed piece by piece. */
const usualRoom = 16_384

/** Of SHA-256, in bytes. */
const blockLength = 64

/** SHA-256 over both. */
export function hashLink(): Link {
  return together(
    Buffer.alloc(0),
    (bytes) => hash('sha256', bytes, 'base64url'),
    (previous, record) => createHash('sha256').update(previous).update(record).digest('base64url'),
  )
}

/**
 * HMAC-SHA-256 over both, by its definition (RFC 2104 §2): two hashes cost little more than half of what an object of the library does,
 * and a log of millions of records is checked one by one.
 */
export function secretLink(secret: Uint8Array): Link {
  const key = secret.length > blockLength ? createHash('sha256').update(secret).digest() : secret
  const outer = Buffer.concat([padded(key, 0x5c), Buffer.alloc(32)])
  return together(
    padded(key, 0x36),
    (bytes) => {
      outer.write(hash('sha256', bytes, 'binary'), blockLength, 'latin1')
      return hash('sha256', outer, 'base64url')
    },
    (previous, record) => createHmac('sha256', secret).update(previous).update(record).digest('base64url'),
  )
}

function padded(key: Uint8Array, pad: number): Buffer {
  const block = Buffer.alloc(blockLength, pad)
  for (const [index, byte] of key.entries()) block[index] = byte ^ pad
  return block
}

/** Brings `start`, the hash before and the record together in memory that is used again and again. */
function together(start: Buffer, hashOf: (bytes: Buffer) => string, hashOfLong: Link): Link {
  const room = Buffer.alloc(start.length + usualRoom)
  start.copy(room)
  return function link(previous, record) {
    // A character is three bytes at most.
    if (3 * (previous.length + record.length) > usualRoom) return hashOfLong(previous, record)
    let end = start.length + room.write(previous, start.length)
    if (typeof record === 'string') end += room.write(record, end)
    else {
      room.set(record, end)
      end += record.length
    }
    return hashOf(room.subarray(0, end))
  }
}
