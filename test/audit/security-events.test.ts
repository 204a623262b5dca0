import { expect } from 'chai'
import { auditing } from '../../lib/audit/audit.js'
import { noteEvent, securityEvents } from '../../lib/audit/security-events.js'
import { levelOf } from '../../lib/audit/vocabulary.js'
import { anonymous } from '../../lib/context.js'
import { exchangeOf, KeptLog, noon, routeOf } from './fake-exchange.js'

class LoginController {
  login(): void {}
}

const login = routeOf(LoginController, 'login')
const clock = { now: () => noon }

describe('security events', () => {
  it('are records of their own, at the level of the vocabulary', () => {
    const log = new KeptLog()
    const events = securityEvents(log, clock)
    events.record('sys_startup')
    events.record('authn_token_revoked', {
      principalId: 'alice',
      address: '203.0.113.9',
      reason: 'logout',
      detail: { jti: 'a', token: 'b' },
    })
    expect(log.records).to.deep.equal([
      { timestamp: '2024-02-29T12:00:00.007Z', kind: 'event', event: 'sys_startup', level: 'WARN' },
      {
        timestamp: '2024-02-29T12:00:00.007Z',
        kind: 'event',
        event: 'authn_token_revoked',
        level: 'INFO',
        principal_id: 'alice',
        address: '203.0.113.9',
        reason: 'logout',
        detail: { jti: 'a', token: '[redacted]' },
      },
    ])
    expect(log.facts[0]).to.include({ kind: 'event', event: 'sys_startup' })
  })

  it('take request, principal and address from a context', () => {
    const log = new KeptLog()
    const context = exchangeOf(login)
    securityEvents(log, clock).record('authn_login_fail', { context, principalId: 'mallory\n{}' })
    context.principal = { ...anonymous, id: 'alice', kind: 'user' }
    securityEvents(log, clock).record('session_created', { context })
    expect(log.lines.join('')).not.to.include('\n')
    expect(log.records[0]).to.include({ request_id: 'request-1', principal_id: 'mallory\n{}', address: '203.0.113.9' })
    expect(log.records[1]).to.include({ principal_id: 'alice' })
  })

  it('mask what the user of the SDK says', () => {
    const log = new KeptLog()
    securityEvents(log, clock, { keys: ['email'] }).record('user_created', { detail: { email: 'a@b' } })
    expect(log.records[0]).to.have.nested.property('detail.email', '[redacted]')
  })

  it('can be said of the request at hand', () => {
    const log = new KeptLog()
    const exchange = exchangeOf(login)
    noteEvent(exchange, 'authn_login_success')
    auditing({}, log).compile(login)(exchange, 200)
    expect(log.records[0]).to.include({ event: 'authn_login_success', level: 'INFO' })
  })

  it('have no level when they are not in the vocabulary', () => {
    expect(levelOf('order_shipped')).to.equal(undefined)
    expect(levelOf('constructor')).to.equal(undefined)
    expect(levelOf('session_use_after_expire')).to.equal('CRITICAL')
  })
})
