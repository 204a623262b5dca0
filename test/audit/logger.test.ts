import { Writable } from 'node:stream'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { transports } from 'winston'
import type { Logger } from 'winston'
import { createLogger } from '../../lib/audit/logger.js'
import type { LoggerOptions } from '../../lib/audit/logger.js'

function written(use: (logger: Logger) => void, options: LoggerOptions = {}): string {
  let text = ''
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk)
      done()
    },
  })
  use(createLogger({ transports: [new transports.Stream({ stream })], ...options }))
  return text
}

function lineOf(use: (logger: Logger) => void, options: LoggerOptions = {}): Record<string, unknown> {
  const text = written(use, options)
  expect(text.indexOf('\n')).to.equal(text.length - 1)
  return JSON.parse(text) as Record<string, unknown>
}

describe('the logger', () => {
  it('writes one line of JSON with what came along', () => {
    const { timestamp, ...line } = lineOf((logger) => logger.child({ request_id: 'r1' }).warn('slow', { ms: 12, token: 't' }))
    expect(line).to.deep.equal({ level: 'warn', message: 'slow', request_id: 'r1', ms: 12, token: '[redacted]' })
    expect(timestamp).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  })

  it('writes errors with stack and cause, secrets masked', () => {
    const error = new Error('no db at postgres://u:hunter2@h/', { cause: new TypeError('inner') })
    const line = lineOf((logger) => logger.error('failed', { error }))
    expect(line['error']).to.include({ name: 'Error', message: 'no db at postgres://[redacted]@h/' })
    expect(line['error']).to.have.nested.property('stack').that.includes('logger.test')
    expect(line['error']).to.have.nested.property('cause.name', 'TypeError')
    expect(JSON.stringify(line)).not.to.include('hunter2')
  })

  it('loses nothing when user input in the message looks like a format', () => {
    const line = lineOf((logger) => logger.error('bad input %s %d', { error: new Error('why'), level: 'debug' }))
    expect(line).to.include({ message: 'bad input %s %d', level: 'error' })
    expect(line).to.have.nested.property('error.message', 'why')
    expect(lineOf((logger) => logger.error('100%d', new Error('why')))).to.have.nested.property('error.message', 'why')
  })

  it('writes one line that parses, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.dictionary(fc.string(), fc.anything({ withBigInt: true, withMap: true })),
        (message, facts) => {
          const line = lineOf((logger) => logger.info(`${message}\u2028\n`, { facts }))
          expect(line['message']).to.be.a('string')
        },
      ),
    )
  })

  it('can be silent, and holds to its level', () => {
    expect(written((logger) => logger.error('x'), { silent: true })).to.equal('')
    expect(written((logger) => logger.info('x'), { level: 'warn' })).to.equal('')
    expect(written((logger) => logger.debug('x'), { level: 'debug' })).not.to.equal('')
  })

  it('survives a transport that fails', () => {
    const logger = createLogger({ silent: true })
    expect(logger.emit('error', new Error('the disk is full'))).to.equal(true)
  })
})
