import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { CommandError } from './command.js'
import type { Surroundings } from './command.js'

/** No key, set of keys or token is as long as this. */
const mostBytes = 1_048_576

/**
 * What a file holds; `-` is the standard input. Throws a `CommandError` where it cannot be read or is longer than a megabyte. `role` is
 * what the message calls it: the name may be a key that stands where a file's name should, and is not repeated.
 */
export async function readInput(file: string, role: string, { input }: Pick<Surroundings, 'input'>): Promise<Buffer> {
  if (file === '-') return readAll(input, 'the standard input')
  try {
    return await readAll(createReadStream(file), role)
  } catch (thrown) {
    if (thrown instanceof CommandError) throw thrown
    const { code = 'unknown' } = thrown as NodeJS.ErrnoException
    throw new CommandError(`${role} cannot be read (${code}): name a file, or - for the standard input`)
  }
}

async function readAll(source: Readable, role: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk as Uint8Array)
    size += bytes.length
    if (size > mostBytes) throw new CommandError(`${role} is longer than ${mostBytes} bytes: it holds neither keys nor a token`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}
