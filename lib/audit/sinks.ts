import type { Writable } from 'node:stream'
import type { Logger } from 'winston'
import type { Sink } from './audit-log.js'
import { recordOf } from './line.js'
import { isRecord } from './logger.js'
import type { PinoLogger } from './logger.js'
import { recordLevel } from './record-level.js'

/** Writes records to standard output, or to another stream. While the stream is full, records wait. */
export function stdoutSink(stream: Writable = process.stdout): Sink {
  // A reader that went away (EPIPE) must not end the process: the failed write tells.
  const ignore = () => undefined
  let isListening = false
  return {
    name: 'stdout',
    write(lines) {
      if (!isListening) stream.on('error', ignore)
      isListening = true
      return new Promise((resolve, reject) => {
        stream.write(`${lines.join('\n')}\n`, (error) => (error ? reject(error) : resolve()))
      })
    },
    close() {
      stream.removeListener('error', ignore)
      isListening = false
    },
  }
}

/**
 * Hands each record to a winston logger as a message at the level that its status or event has: `error` for failures of ours and critical
 * events, `warn` for refusals and warnings, `info` for the rest. Winston may lose lines under stress: have another sink too.
 */
export function winstonSink(logger: Pick<Logger, 'log'>): Sink {
  return {
    name: 'winston',
    write(lines) {
      for (const line of lines) logger.log({ level: recordLevel(recordOf(line)), message: line, [isRecord]: true })
    },
  }
}

/** Hands each record to a pino logger as the members of a line, at the level that `winstonSink` gives it. */
export function pinoSink(logger: PinoLogger): Sink {
  return {
    name: 'pino',
    write(lines) {
      for (const line of lines) {
        const record = recordOf(line)
        // Pino's own level, a number, stands under this name.
        const { level, ...members } = record
        logger[recordLevel(record)](level === undefined ? members : { ...members, event_level: level })
      }
    },
  }
}

/** A record as it is read back: fields in snake_case, as docs/records.md lists them. */
export interface RecentRecord {
  readonly kind: 'audit' | 'access' | 'event'
  /** ISO 8601, UTC. */
  readonly timestamp: string
  readonly [field: string]: unknown
}

/** The newest records, kept in memory. */
export interface RecentRecords extends Sink {
  /** Up to `limit` records, newest first. @default 100 */
  newest(limit?: number): readonly RecentRecord[]
}

/** Keeps the newest `size` records in memory, to be shown by an API of your own. They are readable as soon as they are written. */
export function recentRecords(size = 1_000): RecentRecords {
  if (!Number.isSafeInteger(size) || size < 1)
    throw new TypeError(`recentRecords(${size}): keep at least one record, such as recentRecords(1000)`)
  // Bytes, not strings: a string cut out of a request body would keep the whole body alive.
  const ring: Buffer[] = []
  let next = 0
  return {
    name: 'memory',
    immediate: true,
    write(lines) {
      for (const line of lines) {
        ring[next] = Buffer.from(line)
        next = (next + 1) % size
      }
    },
    newest(limit = 100) {
      const newestFirst = [...ring.slice(next), ...ring.slice(0, next)].toReversed()
      return newestFirst.slice(0, Math.max(0, limit)).map((bytes) => JSON.parse(bytes.toString()) as RecentRecord)
    },
  }
}
