import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { UsageError, readSettings } from '../../examples/orders/settings.js'

describe('the settings of the orders API', () => {
  it('need nothing', () => {
    expect(readSettings([], {})).to.deep.equal({
      adapter: 'express',
      port: 3000,
      limits: true,
      databaseUrl: undefined,
      redisUrl: undefined,
      redisDeadline: undefined,
      url: undefined,
      key: undefined,
      signingKey: undefined,
      trustProxy: false,
      auditFile: undefined,
      auditKey: undefined,
    })
  })

  it('are read from the command line', () => {
    expect(readSettings(['--adapter', 'koa', '--port=0', '--no-limits'], {})).to.include({ adapter: 'koa', port: 0, limits: false })
  })

  for (const commandLine of [
    ['--adapter', 'hapi'],
    ['--adapter'],
    ['--port', '-1'],
    ['--port', '65536'],
    ['--port', '3000x'],
    ['--port', '0x10'],
    ['--port', ''],
    ['--no-limit'],
    ['--limits'],
    ['--no-limits=yes'],
    ['koa'],
  ]) {
    it(`are not guessed from ${commandLine.join(' ')}`, () => {
      expect(() => readSettings(commandLine, {})).to.throw(UsageError)
    })
  }

  it('are read from the environment', () => {
    const environment = {
      DATABASE_URL: 'file:orders.db',
      REDIS_URL: 'redis://localhost',
      REDIS_DEADLINE: '200',
      PORTCULLIS_KEY: 'k'.repeat(32),
      PORTCULLIS_TRUST_PROXY: '10.0.0.0/8, 192.168.0.0/16',
      PORTCULLIS_AUDIT_FILE: 'audit.log',
    }
    expect(readSettings([], environment)).to.include({
      databaseUrl: 'file:orders.db',
      redisUrl: 'redis://localhost',
      redisDeadline: 200,
      key: 'k'.repeat(32),
      auditFile: 'audit.log',
    })
    expect(readSettings([], environment).trustProxy).to.deep.equal(['10.0.0.0/8', '192.168.0.0/16'])
    expect(readSettings([], { PORTCULLIS_TRUST_PROXY: '2' }).trustProxy).to.equal(2)
    expect(readSettings([], { PORTCULLIS_TRUST_PROXY: '' }).trustProxy).to.equal(false)
  })

  for (const environment of [
    { DATABASE_URL: 'mysql://x' },
    { DATABASE_URL: 'file:' },
    { REDIS_URL: 'localhost' },
    { REDIS_DEADLINE: '0.5' },
    { REDIS_DEADLINE: '50 ms' },
    { REDIS_DEADLINE: '60001' },
    { PORTCULLIS_KEY: 'short' },
    { PORTCULLIS_AUDIT_KEY_FILE: fileURLToPath(import.meta.url) },
    { PORTCULLIS_AUDIT_FILE: 'audit.log', PORTCULLIS_AUDIT_KEY_FILE: '/none' },
    { PORTCULLIS_AUDIT_FILE: 'audit.log', PORTCULLIS_AUDIT_KEY_FILE: '/dev/null' },
  ]) {
    it(`refuse ${JSON.stringify(environment)}, and do not repeat it`, () => {
      const [value = ''] = Object.values(environment)
      expect(() => readSettings([], environment))
        .to.throw(UsageError)
        .with.property('message')
        .that.does.not.include(value === 'file:' ? 'orders.db' : value)
    })
  }
})
