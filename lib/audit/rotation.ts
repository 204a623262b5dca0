import { existsSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { toBytes } from '../byte-size.js'
import type { ByteSize } from '../byte-size.js'

/** When a new file is begun. */
export interface RotationOptions {
  /** Before a batch that would make the file larger: `'100mb'`. A batch is never split. */
  readonly size?: ByteSize
  /** With the first record of a new day, or hour, in UTC. */
  readonly every?: 'day' | 'hour'
  /** How many old files are kept; older ones are deleted. @default all: what is deleted proves nothing any more */
  readonly keep?: number
}

/** The options of rotation, checked. */
export interface Rotation {
  /** Bytes. */
  readonly size: number
  readonly every: 'day' | 'hour' | undefined
  readonly keep: number
}

/** Reads the options. Throws a `TypeError` for what is wrong with them. */
export function rotationOf({ size, every, keep = Infinity }: RotationOptions): Rotation {
  const bytes = size === undefined ? Infinity : toBytes(size)
  if (bytes === undefined || bytes < 1) throw new TypeError(`rotate.size is ${JSON.stringify(size)}: write such as '100mb'`)
  if (every !== undefined && every !== 'day' && every !== 'hour') throw new TypeError("rotate.every is neither 'day' nor 'hour'")
  if (!(keep === Infinity || (Number.isSafeInteger(keep) && keep >= 1)))
    throw new TypeError(`rotate.keep is ${keep}: keep one file at least`)
  if (bytes === Infinity && every === undefined) throw new TypeError("rotate says neither size nor every: write rotate: { every: 'day' }")
  return { size: bytes, every, keep }
}

/** Whether a file whose first record is of the time `began` ends before one of the time `now`. */
export function isPast({ every }: Rotation, began: number, now: number): boolean {
  if (every === undefined) return false
  const period = every === 'day' ? 86_400_000 : 3_600_000
  return Math.floor(began / period) !== Math.floor(now / period)
}

/**
 * What a file is called when it has ended: `audit.log.2026-11-25T190941.000Z`. Names sort as the files came, also where the clock went back
 * or two files began in one millisecond, and none is given twice.
 */
export function oldName(path: string, began: number): string {
  const name = `${path}.${stamp(began)}`
  const newest = oldFiles(path).at(-1)
  if (newest === undefined || newest < name) return name
  const [, base = newest, count = '1'] = /^(.*Z)(?:-(\d+))?$/.exec(newest) ?? []
  return `${base}-${String(Number(count) + 1).padStart(4, '0')}`
}

/** Where a line is put that a crash cut off: `audit.log.torn-2026-11-25T190941.000Z`. */
export function tornName(path: string, now: number): string {
  const name = `${path}.torn-${stamp(now)}`
  let free = name
  for (let count = 2; existsSync(free); count++) free = `${name}-${count}`
  return free
}

function stamp(time: number): string {
  return new Date(time).toISOString().replaceAll(':', '')
}

/** The old files of a log, oldest first. */
export function oldFiles(path: string): readonly string[] {
  const start = `${basename(path)}.`
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(start) && /^\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z(?:-\d+)?$/.test(name.slice(start.length)))
    .toSorted()
    .map((name) => join(dirname(path), name))
}

/** Deletes all but the newest `keep` old files. */
export function removeOldest(path: string, keep: number): void {
  if (keep === Infinity) return
  for (const file of oldFiles(path).slice(0, -keep)) rmSync(file, { force: true })
}
