import * as all from 'class-validator'
import { validateSync } from 'class-validator'
import type { ValidationOptions } from 'class-validator'
import { expect } from 'chai'
import fc from 'fast-check'
import { make } from '../../lib/validation/convert.js'
import { cases, others } from './every-decorator.js'
import { compiled } from './route.js'
import { exchangeOf } from '../exchange.js'

const good = Object.values(cases).map((one) => one.good)
const hostile: readonly unknown[] = [
  ...[null, true, false, 0, -0, 1, -1, 2, 3, 1.25, 1.255, 1e15, 1e-7, -1e15, '', ' ', '0', '1', '-1', '1e3', '0x1', 'true', 'null'],
  ...['a', 'b', 'B', 'abc', 'abcd', 'abcde', '\u{1f600}', '\ud800', '\udc00x', 'a\ufe0f\ufe0e', '\u0000', '\n', 'a@b', 'ÀÉ', '<script>'],
  ...['\ud800@example.com', '__proto__', 'constructor', '2024', '12:60', 'http://', '٣', 'rgb(1', 'x'.repeat(3_000)],
  ...[[], ['a'], ['a', 'a'], [1, 'a'], [null], [[]], [['a']], [{}], {}, { length: 1, 0: 'a' }, { hasOwnProperty: 1 }, { then: 1 }],
  ...[{ $gt: '' }, { toString: 1 }, { value: { value: 1 } }],
]
const value = fc.oneof(
  {
    arbitrary: fc.constantFrom(...good.filter((one) => typeof one !== 'object' || Object.getPrototypeOf(one) === Object.prototype)),
    weight: 3,
  },
  { arbitrary: fc.constantFrom<unknown>(...hostile), weight: 3 },
  { arbitrary: fc.string(), weight: 1 },
  { arbitrary: fc.string({ unit: 'binary' }), weight: 1 },
  // Numbers that JSON cannot hold exactly are refused more strictly here.
  { arbitrary: fc.oneof(fc.maxSafeInteger(), fc.double({ noDefaultInfinity: true, noNaN: true, min: -1e15, max: 1e15 })), weight: 1 },
)

/** What JSON makes of a value. */
const sent = (one: unknown): unknown => (one === undefined ? undefined : (JSON.parse(JSON.stringify(one)) as unknown))

/** What class-validator says; a validator that throws says no. */
function reference(instance: object): boolean {
  try {
    return validateSync(instance, { whitelist: true, forbidNonWhitelisted: true }).length === 0
  } catch {
    return false
  }
}

/** Runs a class against bodies. */
function verdicts(Dto: new () => object): (body: unknown) => Promise<boolean> {
  const { run, mistakes } = compiled({ body: Dto })
  expect(mistakes).to.deep.equal([])
  return async (body) => {
    const exchange = exchangeOf()
    exchange.rawBody = body
    return run(exchange).then(
      ({ body: made }) => made instanceof Dto,
      () => false,
    )
  }
}

describe('every decorator of class-validator', () => {
  it('is known to these tests', () => {
    const notDecorators = ['ValidationError', 'ValidationTypes', 'Validator', 'MetadataStorage']
    const exported = Object.entries(all).flatMap(([name, one]) => (/^[A-Z]/.test(name) && typeof one === 'function' ? [name] : []))
    expect(exported.filter((name) => !notDecorators.includes(name) && !(name in cases) && !others.includes(name))).to.deep.equal([])
  })

  for (const [name, { decorate, good: right }] of Object.entries(cases)) {
    it(`says of a value what validateSync says: ${name}`, async () => {
      const isDates = /Date$/.test(name)
      for (const options of [undefined, { each: true }] satisfies Array<ValidationOptions | undefined>) {
        for (const isOptional of options === undefined ? [false, true] : [false]) {
          class Dto {
            value: unknown
          }
          decorate(options)(Dto.prototype, 'value')
          if (isOptional) all.IsOptional()(Dto.prototype, 'value')
          const verdict = verdicts(Dto)
          const agree = async (body: object) => {
            const own = Object.entries(sent(body) as object) as Array<[string, unknown]>
            // JSON has no dates: an instance has them.
            const dated = (one: unknown): unknown => (Array.isArray(one) ? one.map((each) => make(each, 'date')) : make(one, 'date'))
            const instance = Object.assign(new Dto(), Object.fromEntries(own.map(([key, one]) => [key, isDates ? dated(one) : one])))
            const expected = reference(instance)
            expect(await verdict(sent(body)), `${JSON.stringify(body)} ${JSON.stringify({ ...options, isOptional })}`).to.equal(expected)
            return expected
          }
          if (name !== 'IsInstance') expect(await agree({ value: options?.each === true ? [right] : right }), 'a yes').to.equal(true)
          await agree({})
          await agree({ value: null })
          await agree({ value: right, other: 1 })
          for (const one of hostile) await agree({ value: one })
          await fc.assert(
            fc.asyncProperty(options?.each === true ? fc.oneof(value, fc.array(value, { maxLength: 3 })) : value, async (one) => {
              await agree({ value: one })
            }),
            { numRuns: 30 },
          )
        }
      }
    })
  }
})
