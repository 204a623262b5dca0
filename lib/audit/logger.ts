import { createLogger as createWinstonLogger, format, transports } from 'winston'
import type { Logger, LoggerOptions as WinstonOptions } from 'winston'
import { Redactor } from './redact.js'
import type { RedactionOptions } from './secrets.js'

/** What `createLogger` takes. */
export interface LoggerOptions {
  /** The least grave level that is written. @default 'info' */
  readonly level?: string
  /** Whether to write nothing. @default false */
  readonly silent?: boolean
  /** Where lines go. @default the console */
  readonly transports?: WinstonOptions['transports']
  /** What is masked besides what always is. */
  readonly redact?: RedactionOptions
}

/** Marks lines that are finished records: they are written as they are. */
export const isRecord: unique symbol = Symbol.for('portcullis.record')

// Where winston keeps the finished line, and the arguments behind the message.
const finishedLine = Symbol.for('message')
const furtherArguments = Symbol.for('splat')

/** How much of a message is written, in characters. */
const longestMessage = 4_000

/**
 * A winston logger that writes one line of JSON for each message: `timestamp`, `level`, `message` and what came with
 * it. Secrets are masked as in records, errors come with stack and causes, and no value can break the line.
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const redactor = new Redactor(options.redact)
  const oneLine = format((info) => {
    info[finishedLine] = info[isRecord] === true ? info.message : lineOf(info, redactor)
    return info
  })
  const logger = createWinstonLogger({
    level: options.level ?? 'info',
    silent: options.silent ?? false,
    format: oneLine(),
    transports: options.transports ?? [new transports.Console()],
  })
  // A transport that fails must not end the process, as an 'error' event without a listener does.
  logger.on('error', () => undefined)
  return logger
}

function lineOf(info: Readonly<Record<PropertyKey, unknown>>, redactor: Redactor): string {
  const { level, message, ...rest } = info
  const head = `{"timestamp":"${new Date().toISOString()}","level":${redactor.json(level)},"message":${messageOf(message, redactor)}`
  const members = redactor.json(Object.assign(missing(info), rest))
  return members === '{}' ? `${head}}` : `${head},${members.slice(1)}`
}

function messageOf(message: unknown, redactor: Redactor): string {
  return typeof message === 'string' ? redactor.text(message, longestMessage) : redactor.json(message)
}

/** What winston leaves out when the message holds something like `%s`: user input in a message must not hide the rest. */
function missing(info: Readonly<Record<PropertyKey, unknown>>): Record<string, unknown> {
  const [first] = (info[furtherArguments] as readonly unknown[] | undefined) ?? []
  if (typeof first !== 'object' || first === null) return {}
  return first instanceof Error ? { error: first } : { ...first, level: undefined, message: undefined }
}
