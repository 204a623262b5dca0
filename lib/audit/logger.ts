import { createLogger as createWinstonLogger, format, transports } from 'winston'
import type { Logger as WinstonLogger, LoggerOptions as WinstonOptions } from 'winston'
import type { Logger } from '../context.js'
import { logLine, safeAbout, safeMessage } from './line.js'
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

/** Loggers that mask secrets themselves. */
const safe = new WeakSet<object>()

/**
 * A winston logger that writes one line of JSON for each message: `timestamp`, `level`, `message` and what came with
 * it. Secrets are masked as in records, errors come with stack and causes, and no value can break the line.
 */
export function createLogger(options: LoggerOptions = {}): WinstonLogger {
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
  safe.add(logger)
  return logger
}

/** What `consoleLogger` takes. */
export interface ConsoleLoggerOptions {
  /** The least grave level that is written. @default 'info' */
  readonly level?: LogLevel
  /** What is masked besides what always is. */
  readonly redact?: RedactionOptions
  /** Where lines go: `error` and `warn` to its methods of these names, the rest to `log`. @default the global console */
  readonly console?: Pick<Console, 'log' | 'warn' | 'error'>
}

/** How grave a line is, the least grave first. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** Writes the lines of `createLogger` with the console: for scripts, and where a console is all there is. Nothing waits, so nothing is lost. */
export function consoleLogger(options: ConsoleLoggerOptions = {}): Logger {
  const { level: least = 'info', console = globalThis.console } = options
  const redactor = new Redactor(options.redact)
  const methods = { debug: 'log', info: 'log', warn: 'warn', error: 'error' } as const
  return made(
    withLevels(redactor, (level, message, about) => {
      if (levels.indexOf(level) < levels.indexOf(least)) return
      console[methods[level]](logLine({ level, message }, about, redactor))
    }),
  )
}

/** What this package needs of a pino logger. */
export interface PinoLogger {
  debug(about: object, message?: string): void
  info(about: object, message?: string): void
  warn(about: object, message?: string): void
  error(about: object, message?: string): void
  isLevelEnabled?(level: string): boolean
}

/** Writes messages with pino: `createApi({ logger: pinoLogger(pino()) })`. Secrets are masked before pino sees them. */
export function pinoLogger(logger: PinoLogger, redact: RedactionOptions = {}): Logger {
  const redactor = new Redactor(redact)
  return made(
    withLevels(redactor, (level, message, about) => {
      if (logger.isLevelEnabled?.(level) === false) return
      logger[level](safeAbout(about, redactor), safeMessage(message, redactor))
    }),
  )
}

/**
 * The logger as the API and `ctx.log` use it. One that this package did not make is given nothing but what is masked already: it may
 * write whatever it gets.
 */
export function maskingLogger(logger: Logger, redact: RedactionOptions = {}): Logger {
  if (safe.has(logger)) return logger
  const redactor = new Redactor(redact)
  const enabled = logger as { isLevelEnabled?: (level: string) => boolean }
  return made(
    withLevels(redactor, (level, message, about) => {
      if (enabled.isLevelEnabled?.(level) === false) return
      logger[level](safeMessage(message, redactor), safeAbout(about, redactor))
    }),
  )
}

/** What always stands in the lines of a logger is not for a message to say otherwise. */
type Write = (level: LogLevel, message: string, about: object) => void

function withLevels(redactor: Redactor, write: Write, always: object = {}): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, about: object = {}): void =>
      write(level, message, { ...membersOf(about, redactor), ...always })
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (about) => withLevels(redactor, write, { ...membersOf(about, redactor), ...always }),
  }
}

/** Names that loggers write themselves: the same name twice in a line would hide what the logger said. */
const ownNames: ReadonlySet<string> = new Set(['timestamp', 'level', 'message', 'time', 'msg'])

/** What came along, by name; an error in its place is an error, whatever its members are. */
function membersOf(about: unknown, redactor: Redactor): object {
  if (typeof about !== 'object' || about === null) return about === undefined ? {} : { about }
  if (about instanceof Error) return { error: about }
  try {
    const members = Object.entries(redactor.membersOf(about))
    return Object.fromEntries(members.map(([name, value]) => [ownNames.has(name) ? `about_${name}` : name, value]))
  } catch {
    // A getter that throws: the redacting walk knows what to do with it.
    return { about }
  }
}

function made(logger: Logger): Logger {
  safe.add(logger)
  return logger
}

function lineOf(info: Readonly<Record<PropertyKey, unknown>>, redactor: Redactor): string {
  const { level, message, timestamp, ...rest } = info
  const said = timestamp === undefined ? {} : { about_timestamp: timestamp }
  return logLine({ level, message }, Object.assign(rest, said, missing(info, redactor), { timestamp: undefined }), redactor)
}

/**
 * What came along, as it was: winston leaves it out when the message holds something like `%s`, and user input in a message must not
 * hide the rest; and its copy does not know of which class it was.
 */
function missing(info: Readonly<Record<PropertyKey, unknown>>, redactor: Redactor): Record<string, unknown> {
  const [first] = (info[furtherArguments] as readonly unknown[] | undefined) ?? []
  if (typeof first !== 'object' || first === null) return {}
  if (first instanceof Error) return 'error' in info ? {} : { error: first }
  return { ...redactor.membersOf(first), level: undefined, message: undefined, timestamp: undefined }
}
