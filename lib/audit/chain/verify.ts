import { KeyObject } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readHead } from './head.js'
import { publicChainKey, secretChainKey } from './keys.js'
import type { CheckingKey } from './keys.js'
import { linesOf } from './lines.js'
import { ChainVerifier } from './verifier.js'
import type { Verification } from './verifier.js'

/** What a log is checked with. */
export interface VerifyOptions {
  /** All keys that it was written with: secrets, or the public halves of those that signed. */
  readonly keys: ReadonlyArray<KeyObject | Uint8Array>
  /** A head that was kept elsewhere, as it was exported. Without one, nobody can tell that the end was cut off. */
  readonly head?: string | undefined
  /** Hears now and then how many bytes have been read. */
  readonly progress?: ((bytes: number) => void) | undefined
}

/** A file by its path, or what it holds: the lines of an export, say. */
export type LogSource = string | AsyncIterable<Uint8Array>

const chunkSize = 1_048_576

/**
 * Checks the chain of a log that may be in several files, oldest first. Reads each once, in constant memory. Rejects where a file cannot be
 * read, with a `TypeError` for keys or a head that are none.
 */
export async function verifyAuditLog(sources: readonly LogSource[], options: VerifyOptions): Promise<Verification> {
  const keys = options.keys.map(checkingKey)
  return readThrough(
    sources,
    new ChainVerifier(keys, options.head === undefined ? undefined : readHead(options.head, keys)),
    options.progress,
  )
}

/** Has a verifier read these, as far as there is something to learn. */
export async function readThrough(
  sources: readonly LogSource[],
  verifier: ChainVerifier,
  progress?: (bytes: number) => void,
): Promise<Verification> {
  let bytes = 0
  for (const [index, source] of sources.entries()) {
    const file = typeof source === 'string' ? source : `source ${index + 1}`
    const chunks = typeof source === 'string' ? createReadStream(source, { highWaterMark: chunkSize }) : source
    const lines = linesOf(chunks)
    let line = 0
    for (;;) {
      const { done, value } = await lines.next()
      if (done === true) {
        if (value !== undefined) return verifier.finish({ bytes: value, file, line: line + 1 })
        break
      }
      for (const one of value) {
        bytes += one.length + 1
        if (!verifier.take(one, file, ++line)) {
          await lines.return(undefined)
          return verifier.finish()
        }
      }
      progress?.(bytes)
    }
  }
  return verifier.finish()
}

function checkingKey(key: KeyObject | Uint8Array): CheckingKey {
  return key instanceof KeyObject && key.type === 'public' ? publicChainKey(key) : secretChainKey(key)
}
