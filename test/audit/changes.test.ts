import { expect } from 'chai'
import * as fc from 'fast-check'
import { changesBetween, leavesOf } from '../../lib/audit/changes.js'
import { Redactor } from '../../lib/audit/redact.js'
import type { RedactionOptions } from '../../lib/audit/secrets.js'
import { Sensitive } from '../../lib/sensitive.js'

class Account {
  @Sensitive()
  iban = 'DE1'
  owner = 'carol'
}

function changes(before: unknown, after: unknown, options: RedactionOptions = {}, isWhole = true): unknown {
  const redactor = new Redactor(options)
  const text = changesBetween(leavesOf(before, redactor), leavesOf(after, redactor), isWhole, redactor)
  return text === undefined ? undefined : JSON.parse(text)
}

describe('the changes in a record', () => {
  it('are the paths that differ, with both sides', () => {
    const before = { status: 'open', address: { street: 'A', zip: '1' }, items: [{ qty: 1 }, { qty: 2 }], gone: true, at: new Date(0) }
    const after = { status: 'paid', address: { street: 'A', zip: '2' }, items: [{ qty: 1 }, { qty: 3 }], more: null, at: new Date(1) }
    expect(changes(before, after)).to.deep.equal([
      { path: 'status', before: 'open', after: 'paid' },
      { path: 'address.zip', before: '1', after: '2' },
      { path: 'items[1].qty', before: 2, after: 3 },
      { path: 'gone', before: true },
      { path: 'at', before: '1970-01-01T00:00:00.000Z', after: '1970-01-01T00:00:00.001Z' },
      { path: 'more', after: null },
    ])
  })

  it('take nothing for removed where only a part is shown', () => {
    expect(changes({ a: 1, b: 2 }, { a: 2 }, {}, false)).to.deep.equal([{ path: 'a', before: 1, after: 2 }])
  })

  it('are none between what is the same', () => {
    fc.assert(
      fc.property(fc.object({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }), (value) => {
        expect(changes(value, structuredClone(value))).to.equal(undefined)
      }),
    )
  })

  it('tell that a secret changed, and not to what: by name, by path, by class', () => {
    const before = { password: 'old-old', address: { street: 'old-old' }, account: new Account() }
    const after = { password: 'new-new', address: { street: 'new-new' }, account: Object.assign(new Account(), { iban: 'DE2' }) }
    const masked = { before: '[redacted]', after: '[redacted]' }
    expect(changes(before, after, { paths: ['address.street'] })).to.deep.equal([
      { path: 'password', ...masked },
      { path: 'address.street', ...masked },
      { path: 'account.iban', ...masked },
    ])
  })

  it('mask all that stands within a secret', () => {
    expect(JSON.stringify(changes({ credentials: { a: ['x1x1'] } }, { credentials: { a: ['y1y1'], b: 'z1z1' } }))).not.to.match(/[xyz]1/)
  })

  it('stay small and parse, whatever is compared', () => {
    const wide = (text: string) => Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`n${index}`, text.repeat(3_000)]))
    expect(JSON.stringify(changes(wide('a'), wide('b'))).length).to.be.lessThan(25_000)
    const circle: Record<string, unknown> = { a: 1 }
    circle['self'] = circle
    expect(changes(circle, {})).to.deep.include({ path: 'self', before: '[circular]' })
    fc.assert(
      fc.property(fc.anything({ withMap: true, withSet: true, withNullPrototype: true }), fc.anything(), (one, other) => {
        changes(one, other)
      }),
    )
  })

  it('are read at once: what happens to the objects afterwards is the change', () => {
    const redactor = new Redactor()
    const order = { status: 'open' }
    const before = leavesOf(order, redactor)
    order.status = 'paid'
    expect(changesBetween(before, leavesOf(order, redactor), true, redactor)).to.equal('[{"path":"status","before":"open","after":"paid"}]')
  })
})
