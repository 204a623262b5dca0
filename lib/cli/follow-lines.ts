import { open, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'

/** How often a file is looked at, in milliseconds. */
const interval = 200

const chunkSize = 262_144

/**
 * The lines of a file, then undefined, then, where it is followed, those that are written later, also to a new file under the same name.
 * Ends with `signal`.
 */
export async function* followLines(
  path: string,
  { follow, signal }: { readonly follow: boolean; readonly signal: AbortSignal },
): AsyncGenerator<string | undefined> {
  let file = await open(path)
  try {
    let rest = Buffer.alloc(0)
    let position = 0
    let isAtEnd = false
    while (!signal.aborted) {
      const chunk = await readFrom(file, position)
      position += chunk.length
      let bytes = Buffer.concat([rest, chunk])
      for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a)) {
        yield bytes.toString('utf8', 0, end)
        bytes = bytes.subarray(end + 1)
      }
      rest = bytes
      if (chunk.length > 0) continue
      if (!isAtEnd) yield undefined
      isAtEnd = true
      if (!follow) return
      const next = await nextFile(path, file, position)
      if (next !== undefined) {
        await file.close()
        file = next
        position = 0
        rest = Buffer.alloc(0)
      } else await pause(interval, undefined, { signal }).catch(() => undefined)
    }
  } finally {
    await file.close()
  }
}

async function readFrom(file: FileHandle, position: number): Promise<Buffer> {
  const bytes = Buffer.alloc(chunkSize)
  const { bytesRead } = await file.read(bytes, 0, chunkSize, position)
  return bytes.subarray(0, bytesRead)
}

/** Another file that bears the name now, or the same one where it was cut. */
async function nextFile(path: string, file: FileHandle, position: number): Promise<FileHandle | undefined> {
  try {
    const [named, own] = await Promise.all([stat(path), file.stat()])
    const isOther = named.ino !== own.ino || named.dev !== own.dev
    return isOther || own.size < position ? await open(path) : undefined
  } catch {
    // In between two files there may be none.
    return undefined
  }
}
