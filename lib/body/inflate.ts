import { brotliDecompress, crc32, inflate, inflateRaw } from 'node:zlib'
import type { ZlibOptions } from 'node:zlib'
import { MalformedRequest, PayloadTooLarge, UnsupportedMediaType } from '../errors.js'
import { gzipMember } from './gzip.js'

type Inflate = (bytes: Buffer, limit: number) => Promise<Buffer>
type Decompress = (bytes: Buffer, options: ZlibOptions, done: (error: Error | null, result: Buffer) => void) => void

/** What zlib gives where it is asked for `info`; its types do not say so. */
interface Inflated {
  readonly buffer: Buffer
  /** How far it read. */
  readonly engine: { readonly bytesWritten: number }
}

const deflated = toTheEnd(inflateRaw)
const encodings: ReadonlyMap<string, Inflate> = new Map<string, Inflate>([
  ['gzip', gunzip],
  ['x-gzip', gunzip],
  ['deflate', toTheEnd(inflate)],
  ['br', toTheEnd(brotliDecompress)],
])

/** How a `Content-Encoding` is undone; undefined where nothing is to do. Throws for one that is not known, or several. */
export function inflaterOf(header: string | undefined): Inflate | undefined {
  if (header === undefined) return undefined
  const encoding = header.trim().toLowerCase()
  if (encoding === '' || encoding === 'identity') return undefined
  const known = encodings.get(encoding)
  if (known !== undefined) return known
  throw new UnsupportedMediaType('The body has a Content-Encoding that is not read here.', {
    headers: ['Accept-Encoding', 'gzip, deflate, br'],
    reason: 'content-encoding',
  })
}

/** Inflates as long as at most `limit` bytes come out: a bomb is stopped there, not measured first. */
export async function inflateWithin(how: Inflate, bytes: Buffer, limit: number): Promise<Buffer> {
  try {
    return await how(bytes, limit)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new PayloadTooLarge(limit, { reason: 'inflated-body' })
    throw new MalformedRequest('The body is not encoded as its Content-Encoding says.', {
      cause: error,
      reason: 'content-encoding',
      event: 'input_validation_fail',
    })
  }
}

async function gunzip(bytes: Buffer, limit: number): Promise<Buffer> {
  const member = gzipMember(bytes)
  if (member === undefined) throw new Error('this is no gzip member')
  const inflated = await deflated(member.deflated, limit)
  if (member.length !== inflated.length % 2 ** 32 || member.crc32 !== crc32(inflated)) throw new Error('the gzip trailer does not fit')
  return inflated
}

/** zlib stops where its format ends and leaves the rest: bytes that nobody reads here may mean something to somebody else. */
function toTheEnd(decompress: Decompress): Inflate {
  return (bytes, limit) =>
    new Promise((resolve, reject) => {
      decompress(bytes, { maxOutputLength: limit, info: true }, (error, result) => {
        if (error !== null) {
          reject(error)
          return
        }
        const { buffer, engine } = result as unknown as Inflated
        if (engine.bytesWritten === bytes.length) resolve(buffer)
        else reject(new Error('bytes follow the end of what is compressed'))
      })
    })
}
