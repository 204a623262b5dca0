import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import { promisify } from 'node:util'
import { MalformedRequest, PayloadTooLarge, UnsupportedMediaType } from '../errors.js'

type Inflate = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>

const encodings: ReadonlyMap<string, Inflate> = new Map<string, Inflate>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
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
    return await how(bytes, { maxOutputLength: limit })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new PayloadTooLarge(limit, { reason: 'inflated-body' })
    throw new MalformedRequest('The body is not encoded as its Content-Encoding says.', { cause: error, reason: 'content-encoding' })
  }
}
