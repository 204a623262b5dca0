import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'chai'
import fc from 'fast-check'
import { Expose, Visible } from '../../lib/index.js'
import type { View } from '../../lib/index.js'
import { Components } from '../../lib/openapi/components.js'
import { schemaOfView } from '../../lib/returns/json-schema.js'
import { writerOf } from '../../lib/returns/writer.js'

class Inner {
  @Expose() anything: unknown
  @Expose(() => String) text: unknown
}

class Outer {
  @Expose(() => Number) number: unknown
  @Expose(() => Boolean) flag: unknown
  @Expose(() => BigInt) large: unknown
  @Expose(() => Date) at: unknown
  @Expose(() => Inner) inner: unknown
  @Expose(() => [Inner]) list: unknown
  @Expose(() => ({ a: [String] })) plain: unknown
  @Expose(() => Outer) @Visible('see') outer: unknown
}

describe('the JSON Schema of a view', () => {
  it('takes whatever the view lets out', () => {
    const single = fc.oneof(
      fc.constantFrom<unknown>(
        null,
        undefined,
        true,
        'text',
        1,
        -2.5,
        12n,
        new Date(0),
        '2026-01-01T00:00:00Z',
        {},
        { toJSON: () => 'said' },
      ),
      fc.array(fc.constantFrom<unknown>('a', 1, null, true), { maxLength: 2 }),
    )
    const inner = fc.record({ anything: single, text: single, hidden: single }, { requiredKeys: [] })
    const nested = fc.oneof(single, inner, fc.array(inner, { maxLength: 2 }), fc.record({ a: single }))
    const names = ['number', 'flag', 'large', 'at', 'inner', 'list', 'plain']
    const outer = fc.record(Object.fromEntries([...names, 'outer'].map((name) => [name, nested])), { requiredKeys: [] })
    const views: readonly View[] = [Outer, [Outer], { data: [Inner], total: Number }, Inner, [String]]
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    const prepared = views.map((view) => {
      const components = new Components()
      const schema = schemaOfView(view, components)
      const write = writerOf(view, { guards: [], mistake: () => undefined, written: new Map() })
      return { write, validate: ajv.compile({ ...schema, components: components.written() }) }
    })
    let left = 0
    fc.assert(
      fc.property(
        fc.oneof(outer, inner, fc.array(outer, { maxLength: 2 }), fc.record({ data: fc.array(inner), total: single })),
        fc.boolean(),
        (value, sees) => {
          for (const { write, validate } of prepared) {
            const text = written(() => write(value, [sees], undefined))
            if (text === undefined) continue
            left += 1
            expect(validate(JSON.parse(text)), `${text} ${ajv.errorsText(validate.errors)}`).to.equal(true)
          }
        },
      ),
      { numRuns: 1_000 },
    )
    expect(left).to.be.above(100)
  })
})

/** What leaves; undefined where the value does not fit its view. */
function written(write: () => string): string | undefined {
  try {
    return write()
  } catch {
    return undefined
  }
}
