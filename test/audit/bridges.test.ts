import { Writable } from 'node:stream'
import { expect } from 'chai'
import * as fc from 'fast-check'
import pino from 'pino'
import { createLogger as createWinstonLogger, format, transports } from 'winston'
import { consoleLogger, createLogger, maskingLogger, pinoLogger } from '../../lib/audit/logger.js'
import { pinoSink, winstonSink } from '../../lib/audit/sinks.js'
import type { Logger } from '../../lib/context.js'
import { Sensitive } from '../../lib/sensitive.js'

class Patient {
  @Sensitive()
  diagnosis = 'flu-of-the-king'
  ward = 'north'
}

const breaksLines = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u

/** Each logger that the API can be given, and the lines that it wrote. */
const loggers: ReadonlyArray<readonly [name: string, make: (lines: string[]) => Logger]> = [
  ['createLogger', (lines) => maskingLogger(createLogger({ transports: [new transports.Stream({ stream: into(lines) })] }))],
  ['pinoLogger', (lines) => maskingLogger(pinoLogger(pino({ timestamp: false }, into(lines))))],
  ['consoleLogger', (lines) => maskingLogger(consoleLogger({ console: consoleInto(lines) }))],
  ['a winston logger of somebody else', (lines) => maskingLogger(foreignWinston(lines))],
]

function into(lines: string[]): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      lines.push(...String(chunk).split('\n').filter(Boolean))
      done()
    },
  })
}

function consoleInto(lines: string[]): Pick<Console, 'log' | 'warn' | 'error'> {
  const write = (line: string) => void lines.push(line)
  return { log: write, warn: write, error: write }
}

function foreignWinston(lines: string[]): Logger {
  return createWinstonLogger({ format: format.json(), transports: [new transports.Stream({ stream: into(lines) })] })
}

for (const [name, make] of loggers) {
  describe(`${name}, behind ctx.log`, () => {
    function written(use: (logger: Logger) => void): ReadonlyArray<Record<string, unknown>> {
      const lines: string[] = []
      use(make(lines))
      for (const line of lines) expect(line).not.to.match(breaksLines)
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    }

    it('writes one line for each message, with what came along and with what it always says', () => {
      const [line, ...others] = written((logger) => logger.child({ request_id: 'r1' }).info('slow', { ms: 12 }))
      expect(line).to.include({ request_id: 'r1', ms: 12 })
      expect(line?.['message'] ?? line?.['msg']).to.equal('slow')
      expect(others).to.have.length(0)
    })

    it('masks secrets in messages, in what comes along, in errors and in objects of classes', () => {
      const error = new Error('at Bearer hunter2hunter2', { cause: { password: 'hunter2hunter2' } })
      const text = JSON.stringify(
        written((logger) => {
          logger.error('pin: hunter2hunter2', { error, list: [['token', 'hunter2hunter2']] })
          logger.warn('itself', error)
          logger.info('a patient', new Patient())
          logger.child({ apiKey: 'hunter2hunter2' }).info('a child', { patient: new Patient() })
        }),
      )
      expect(text).not.to.match(/hunter2|flu-of/)
      expect(text).to.include('north').and.include('[redacted]')
    })

    it('writes honest lines, whatever it is given', () => {
      const attack = fc.oneof(
        fc.constantFrom('\n{"level":"error"}', '\u001b[2J', '\u2028', '\u202Eevil', '"}', '\\u202e', '\ud800'),
        fc.string({ unit: 'binary', maxLength: 30 }),
      )
      fc.assert(
        fc.property(attack, attack, (one, two) => {
          const lines = written((logger) =>
            logger.info(`m${one}`, { about: two, [one]: two, level: 'debug', message: one, msg: one, time: one, timestamp: one }),
          )
          expect(lines).to.have.length(1)
          expect(String(lines[0]?.['message'] ?? lines[0]?.['msg'])).to.match(/^m/)
          expect(lines[0]?.['level']).to.be.oneOf(['info', 30])
        }),
        { numRuns: 50 },
      )
      expect(JSON.stringify(written((logger) => logger.info('x'.repeat(100_000), { long: 'y'.repeat(100_000) }))).length).to.be.lessThan(
        7_000,
      )
    })

    it('holds to its level', () => {
      expect(written((logger) => logger.debug('x', { a: 1 }))).to.have.length(0)
    })
  })
}

describe('sinks of loggers', () => {
  const record = (status: number, agent = 'curl') =>
    `{"timestamp":"2024-02-29T12:00:00.007Z","status":${status},"level":"WARN","user_agent":"${agent}"}`

  it('pass records on at the level of their status', () => {
    const lines: string[] = []
    void pinoSink(pino({ timestamp: false, base: null }, into(lines))).write([record(200), record(404), record(500)])
    expect(lines.map((line) => JSON.parse(line) as unknown)).to.deep.equal(
      (
        [
          [30, 200],
          [40, 404],
          [50, 500],
        ] as const
      ).map(([level, status]) => ({ level, timestamp: '2024-02-29T12:00:00.007Z', status, user_agent: 'curl', event_level: 'WARN' })),
    )
    const levels: unknown[] = []
    void winstonSink({ log: ((entry: { level: string }) => levels.push(entry.level)) as never }).write([
      record(200),
      record(404),
      record(500),
    ])
    expect(levels).to.deep.equal(['info', 'warn', 'error'])
  })

  it('show marks that turn text around as what they are', () => {
    const lines: string[] = []
    void pinoSink(pino(into(lines))).write([record(200, String.raw`a\u202eb\\u202ec\u2028\n`)])
    expect(lines).to.have.length(1)
    expect(lines[0]).not.to.match(breaksLines)
    expect(JSON.parse(lines[0] ?? '')).to.have.property('user_agent', `a\\u202eb\\u202ec\\u2028\n`)
  })
})
