import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, linkSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { CommandError } from './command.js'
import type { CommandOption, OptionValues, Printed } from './command.js'
import { optional } from './command.js'

/** The options of a command that may write what it makes into a file. */
export const outputOptions = {
  out: { value: '<file>', description: 'Write to this file, whole or not at all, instead of printing' },
  force: { description: 'Let --out replace a file that is there' },
} as const satisfies Readonly<Record<string, CommandOption>>

/** Prints `text`, or writes it where `--out` says; a secret so that its owner alone can read it. */
export function delivered(text: string, values: OptionValues, isSecret: boolean, notes: readonly string[]): Printed {
  const file = optional(values, 'out')
  if (file === undefined) return { output: text, notes }
  try {
    writeWhole(file, `${text}\n`, { mode: isSecret ? 0o600 : 0o644, replaces: values['force'] !== undefined })
  } catch (thrown) {
    if (thrown instanceof CommandError) throw thrown
    throw new CommandError(`${file} cannot be written: ${(thrown as Error).message}`)
  }
  return { output: '', notes: [`Written to ${file}.`, ...notes] }
}

interface Writing {
  readonly mode: number
  /** Whether a file that is there gives way. */
  readonly replaces: boolean
}

function writeWhole(file: string, text: string, { mode, replaces }: Writing): void {
  // Where a link leads, and not the link: it would stop leading there.
  const target = existsSync(file) ? realpathSync(file) : file
  const kind = statSync(file, { throwIfNoEntry: false })
  if (kind !== undefined && !kind.isFile()) throw new CommandError(`${file} is no file`)
  if (kind !== undefined && !replaces) throw there(file)
  const draft = join(dirname(target), `.${basename(target)}.${randomUUID()}`)
  try {
    writeDraft(draft, text, mode)
    if (replaces) renameSync(draft, target)
    else linkSync(draft, target)
  } catch (thrown) {
    // Made since it was looked for.
    throw (thrown as NodeJS.ErrnoException).code === 'EEXIST' ? there(file) : thrown
  } finally {
    rmSync(draft, { force: true })
  }
}

function there(file: string): CommandError {
  return new CommandError(`${file} is there already: name another file, or add --force to replace it`)
}

/** On the disk before it gets its name: after a crash there is the old file or the new one. */
function writeDraft(path: string, text: string, mode: number): void {
  const descriptor = openSync(path, 'wx', mode)
  try {
    const bytes = Buffer.from(text)
    for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
