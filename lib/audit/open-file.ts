import { existsSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { SinkWatch } from './audit-log.js'
import type { ChainedFile } from './chained-file.js'
import { firstLineOf, tornLine } from './file-end.js'
import { replaceFile, syncFolder } from './file-system.js'
import type { FileSystem } from './file-system.js'
import { oldFiles, oldName, tornName } from './rotation.js'

/** The file of a log while it is written. */
export interface OpenFile {
  readonly descriptor: number
  readonly isRegular: boolean
  /** When its first record was made, in milliseconds since 1970. */
  readonly began: number
  /** Bytes, as far as this process wrote or found them. */
  size: number
  /** Bytes that are known to be on the disk. */
  synced: number
}

/** A file that is to be opened. */
export interface Opening {
  readonly path: string
  readonly files: FileSystem
  /** Whether what is written is to survive a loss of power. */
  readonly syncs: boolean
  /** Whether nobody else may write it, since it rotates or has a chain. */
  readonly isExclusive: boolean
  readonly chained: ChainedFile | undefined
  readonly watch: SinkWatch
  readonly now: () => number
  /** Called once it is known that the file can be what it is to be. Throws where somebody else has it. */
  readonly lock: () => void
}

/**
 * Opens the file of a log behind what stands in it, or makes it. Gives the words that are to be written first, before any record. What a
 * crash has cut off is put aside, and a file that a chain cannot go on in is left as it is, under another name.
 */
export function openLog(opening: Opening): { readonly file: OpenFile; readonly words: string } {
  const { path, files, syncs, isExclusive, chained } = opening
  const isNew = !existsSync(path)
  let descriptor = files.openSync(path, 'a', 0o600)
  try {
    const isRegular = files.fstatSync(descriptor).isFile()
    if (!isRegular && isExclusive) throw new TypeError(`${path} is no plain file: it can have neither a chain nor rotation`)
    if (isExclusive) opening.lock()
    const torn = isRegular ? tornLine(path) : Buffer.alloc(0)
    const aside = torn.length > 0 && isExclusive ? putAside(opening, descriptor, torn) : undefined
    const beginning = chained?.look(oldFiles(path).at(-1))
    if (beginning?.how === 'break') descriptor = leave(opening, descriptor)
    if (isNew && syncs && isRegular) syncFolder(files, dirname(path))
    const { size } = files.fstatSync(descriptor)
    const file = { descriptor, isRegular, began: beginningOf(opening, size), size, synced: size }
    // Nothing may fail from here on: what a chain has said, it does not say again.
    if (beginning !== undefined) return { file, words: chained?.begin(beginning, aside) ?? '' }
    return { file, words: torn.length > 0 && aside === undefined ? '\n' : '' }
  } catch (thrown) {
    files.closeSync(descriptor)
    throw thrown
  }
}

/** What cannot go on stays as it is, under another name, for whoever looks into it. */
function leave(opening: Opening, old: number): number {
  const { path, files, syncs } = opening
  const { size } = files.fstatSync(old)
  if (size === 0) return old
  files.renameSync(path, oldName(path, beginningOf(opening, size)))
  const descriptor = files.openSync(path, 'a', 0o600)
  files.closeSync(old)
  if (syncs) syncFolder(files, dirname(path))
  return descriptor
}

/** Puts a line aside that a crash cut off. Where a file has several writers, it may be just being written, and is left. */
function putAside({ path, files, watch, now }: Opening, descriptor: number, torn: Buffer): string {
  const aside = tornName(path, now())
  replaceFile(files, aside, torn)
  files.ftruncateSync(descriptor, files.fstatSync(descriptor).size - torn.length)
  watch.warn('an audit log ended in the middle of a record, which is put aside', { file: path, aside })
  return basename(aside)
}

/** When the first record of a file was made, for one that is this process's alone; of others nobody asks. */
function beginningOf({ path, isExclusive, now }: Opening, size: number): number {
  if (!isExclusive) return now()
  const [, time = ''] = size === 0 ? [] : (/"(?:@?timestamp|time_dt)":"([^"]+)"/.exec(firstLineOf(path)?.toString() ?? '') ?? [])
  const began = Date.parse(time)
  return Number.isNaN(began) ? now() : began
}
