// The log line of the contenders whose libraries want to be told how: what is in it, and where it goes.
import { pino } from 'pino'
import winston from 'winston'

const secretHeaders = ['authorization', 'cookie', 'x-api-key']

/** What a line of the log tells. */
export interface LogLine {
  readonly method: string
  readonly path: string
  readonly status: number
  /** Milliseconds. */
  readonly duration: number
  readonly ip: string | undefined
  readonly action: string
  readonly subject: string | undefined
  readonly headers: object
}

/** What is done at a path: the word for the log. */
export function actionOf(method: string | undefined): string {
  return method === 'POST' ? 'order.create' : 'users.list'
}

/** winston as its users set it up, with JSON lines in a file. */
export function winstonLog(filename: string) {
  const logger = winston.createLogger({
    format: winston.format.combine(winston.format.timestamp(), winston.format.json()),
    transports: [new winston.transports.File({ filename })],
  })
  return {
    write: (line: LogLine) => void logger.info('request', { ...line, headers: masked(line.headers) }),
    flush: () =>
      new Promise<void>((resolve) => {
        // Ended while its file is slower than its callers, it writes after its own end: those lines are lost.
        logger.on('error', () => resolve())
        logger.once('finish', () => setTimeout(resolve, 50))
        logger.end()
      }),
  }
}

/** pino with its own redaction, buffered for at most 250 ms. */
export function pinoLog(file: string) {
  const destination = pino.destination({ dest: file, sync: false, minLength: 16_000 })
  const redact = { paths: secretHeaders.map((name) => `headers["${name}"]`), censor: '[redacted]' }
  const logger = pino({ redact }, destination)
  setInterval(() => destination.flush(), 250).unref()
  return { logger, write: (line: LogLine) => logger.info(line), flush: () => destination.flushSync() }
}

function masked(headers: object): object {
  const copy: Record<string, unknown> = { ...headers }
  for (const name of secretHeaders) if (copy[name] !== undefined) copy[name] = '[redacted]'
  return copy
}
