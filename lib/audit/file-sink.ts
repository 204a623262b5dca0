import type { Clock } from '../context.js'
import type { Duration } from '../duration.js'
import type { Sink } from './audit-log.js'
import type { ChainOptions } from './chain/chain.js'
import { FileLog } from './file-log.js'
import type { RotationOptions } from './rotation.js'

/** Where the head of a chain goes, so that a log that was cut off shows. */
export interface HeadOptions {
  /** A file that is replaced each time, best on another machine's disk; or a function that sends the head away. */
  readonly to: string | ((head: string) => void | Promise<void>)
  /** How long records may stand behind the exported head. @default '1 min' */
  readonly every?: Duration
}

/** How records are kept in a file. */
export interface FileSinkOptions {
  /**
   * When the system is told to bring records to the disk, and not only to its cache. Nothing that is written is lost when the process dies,
   * whatever stands here.
   *
   * - `always`: each record is written at once, and brought to the disk before the next
   * - `batch`: critical records are on the disk before they are acknowledged, and all before them; others within the log's `delay`
   *   (250 ms), or with each megabyte: a loss of power loses what came since
   * - `never`: the system does it in its own time; a loss of power loses the last half minute. Such a file serves no critical route
   *
   * @default 'batch'
   */
  readonly fsync?: 'always' | 'batch' | 'never'
  /** When a new file is begun. The old one is renamed by the time of its first record. @default never */
  readonly rotate?: RotationOptions
  /** Makes the log tamper-evident. @default no chain */
  readonly chain?: ChainOptions
  /** Exports where the chain stands. */
  readonly head?: HeadOptions
  readonly clock?: Clock
}

/** A sink that can be told that its file was moved away. */
export interface FileSink extends Sink {
  /** Goes on in a new file under the old name: after logrotate has moved the file. */
  reopen(): void
  /**
   * Reads the log, its old files too, and checks it up to what this process has written last. There where the log has a chain. Rejects where
   * a file cannot be read. Takes a second for some hundred thousand records: not for every request.
   */
  checkChain?(): Promise<ChainCheck>
}

/** What came of checking a chain that is being written. */
export interface ChainCheck {
  /** `unknown` where there is nothing to check yet, or records wait for a disk that fails. */
  readonly state: 'sound' | 'broken' | 'unknown'
  /** How many records are right. */
  readonly records: number
  /** What is wrong, or why nobody can tell. */
  readonly detail: string
}

/**
 * Appends records to a file, created with mode 0600. Writing is synchronous: a batch is written whole, in order, also while the process
 * exits; only the disk is waited for, in `sync`. The file is opened with the first batch; an error there counts as a failure of the sink. A line
 * that a crash cut off is put aside, into a file of its own, before anything is appended.
 *
 * With `chain` or `rotate` the file has one writer: a second process is refused until the first has ended. A chain that does not end as
 * it was written is reported, its file moved aside, and a new chain says why it began.
 *
 * Throws a `TypeError` or `RangeError` for options that are wrong: a key that is short or can be guessed, a size that is none.
 */
export function fileSink(path: string, options: FileSinkOptions = {}): FileSink {
  return new FileLog(path, options)
}
