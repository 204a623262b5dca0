import { expect } from 'chai'
import { protectionsOf } from '../../lib/console/protections.js'
import type { ProtectionFacts } from '../../lib/inventory.js'

const gapsOf = (method: string, path: string, protections: ProtectionFacts, limitNames: readonly string[] = []) =>
  protectionsOf({ method, path, protections, limitNames }).flatMap(({ name, gap }) => (gap === '' ? [] : [`${name}: ${gap}`]))

const limited = { limits: ['10 per second by principal'] }

describe('what the console calls a gap', () => {
  it('is a public route that writes', () => {
    const all = { access: 'public', ...limited, validates: { body: 'Order' }, audit: 'order.create' } as const
    expect(gapsOf('POST', '/orders', all, ['route'])).to.deep.equal(['Access: anyone may write'])
    expect(gapsOf('GET', '/orders', { ...all, audit: '' }, ['route'])).to.deep.equal([])
  })

  it('is a route that writes what nothing checks and nothing records', () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const gaps = gapsOf(method, '/orders', { access: 'authenticated', ...limited }, ['route'])
      expect(gaps, method).to.deep.equal(['Input: no @Validate', 'Audit: no @Audit'])
    }
    expect(gapsOf('GET', '/orders', { access: 'authenticated', ...limited }, ['route'])).to.deep.equal([])
  })

  it('is a route for callers that has no limit but the default, and any route without a limit', () => {
    const byDefault = { limits: ['100 per minute by address'] }
    expect(gapsOf('GET', '/me', { access: 'authenticated', ...byDefault }, ['default'])).to.deep.equal(['Limits: no own limit'])
    expect(gapsOf('GET', '/health', { access: 'public', ...byDefault }, ['default'])).to.deep.equal([])
    expect(gapsOf('GET', '/health', { access: 'public' })).to.deep.equal(['Limits: no limit'])
    expect(gapsOf('GET', '/me', { access: 'authenticated', concurrency: ['5'] })).to.deep.equal([])
  })

  it('is a path that names an object of which nobody asks whose it is', () => {
    const access = { permissions: ['orders:read'] }
    expect(gapsOf('GET', '/orders/:id', { access, ...limited }, ['route'])).to.deep.equal(['Object: no object check'])
    for (const check of [{ object: true }, { scope: true }, { elements: true }, { tenant: 'param tenant' }] as const) {
      expect(gapsOf('GET', '/orders/:id', { access, ...limited, ...check }, ['route'])).to.deep.equal([])
    }
    expect(gapsOf('GET', '/pages/:name', { access: 'public', ...limited }, ['route'])).to.deep.equal([])
  })

  it('leaves what is there to be read', () => {
    const facts = {
      access: { permissions: ['orders:read'] },
      limits: ['100 per minute by address', '10 per second by principal'],
      concurrency: ['5 by principal'],
      validates: { params: 'OrderId', query: 'Page' },
      object: true,
      returns: 'OrderView',
      audit: 'order.read',
    } as const
    const texts = protectionsOf({ method: 'GET', path: '/orders/:id', protections: facts, limitNames: ['default', 'route'] })
    expect(texts.map(({ text }) => text)).to.deep.equal([
      'orders:read',
      '10 per second by principal; at once: 5 by principal',
      'params: OrderId, query: Page',
      '@Authorize',
      'OrderView',
      'order.read',
    ])
  })

  it('tells what is asked of a login', () => {
    const textOf = (login: NonNullable<ProtectionFacts['login']>) =>
      protectionsOf({ method: 'GET', path: '/', protections: { access: 'authenticated', login }, limitNames: [] })[0]?.text
    expect(textOf({ acr: ['gold', 'silver'], amr: ['otp', 'pwd'], maxAge: 300_000 })).to.equal(
      'authenticated, login by gold or silver with otp and pwd of the last 300 s',
    )
    expect(textOf({ maxAge: 60_000 })).to.equal('authenticated, login of the last 60 s')
    expect(textOf({ amr: ['otp'] })).to.equal('authenticated, login by otp')
  })
})
