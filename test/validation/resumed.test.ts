import 'reflect-metadata'
import {
  IsArray,
  IsDate,
  IsEmail,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  MaxLength,
  Min,
  MinLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator'
import { Type } from 'class-transformer'
import { expect } from 'chai'
import fc from 'fast-check'
import { Nested } from '../../lib/validation/nested.js'
import { ValidationFailed } from '../../lib/errors.js'
import { exchangeOf } from '../exchange.js'
import { bothWays } from './both-ways.js'
import { compiled } from './route.js'

class Item {
  @IsString()
  @MinLength(2)
  sku!: string

  @IsInt()
  @Min(1)
  count!: number

  @IsOptional()
  @IsIn(['a', 'b'])
  size?: string

  state = 'new'
}
IsString()(Item.prototype, 'state')

class Order {
  @IsString()
  @MaxLength(5)
  name!: string

  @IsOptional()
  @IsDate()
  @Type(() => Date)
  day?: Date

  @IsOptional()
  @IsEmail()
  mail?: string

  @IsArray()
  @IsString({ each: true })
  @MaxLength(3, { each: true })
  tags!: string[]

  @Nested(() => Item, { each: true })
  items!: Item[]

  @IsOptional()
  @ValidateNested()
  @Type(() => Item)
  either?: Item | Item[]

  @ValidateIf(({ name }: Order) => name !== 'x')
  @IsOptional()
  @ValidateNested()
  @Type(() => Item)
  conditional?: Item

  @IsOptional()
  @Nested(() => Order)
  inner?: Order

  @IsOptional()
  @Nested(() => Order, { each: true })
  list?: Order[]
}

const maxItems = 45
const wrong = fc.constantFrom<unknown>(null, true, 0, -1, 1.5, '', 'x', 'long enough', '\u{1f600}', [], {}, [1], [[]], { a: 1 }, 1e300)
/** Mostly right: what comes before a mistake and behind it is what this is about. */
const orWrong = (right: fc.Arbitrary<unknown>) => fc.oneof({ arbitrary: right, weight: 12 }, { arbitrary: wrong, weight: 1 })
const unknown = fc.dictionary(fc.constantFrom('more', 'a/b', '~', 'constructor', 'é', 'x'.repeat(80)), wrong, { maxKeys: 1 })
/** The properties in any order, and at times one that is not known. */
const sent = (parts: Readonly<Record<string, fc.Arbitrary<unknown>>>, required: readonly string[]): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      fc.record(parts, { requiredKeys: [...required] }),
      fc.oneof({ arbitrary: fc.constant({}), weight: 15 }, unknown),
      fc.double({ min: 0, max: 1 }),
    )
    .map(([known, more, seed]) => {
      const entries = Object.entries({ ...(known as object), ...more })
      const turn = Math.floor(seed * entries.length)
      return Object.fromEntries([...entries.slice(turn), ...entries.slice(0, turn)])
    })

const item = sent(
  {
    sku: orWrong(fc.constantFrom('ab', 'abc', '\u{1f600}\u{1f600}')),
    count: orWrong(fc.constantFrom(1, 2)),
    size: orWrong(fc.constantFrom('a', 'b')),
    state: orWrong(fc.constant('old')),
  },
  ['sku', 'count'],
)
const items = (most: number) => fc.array(fc.oneof({ arbitrary: item, weight: 20 }, { arbitrary: wrong, weight: 1 }), { maxLength: most })
const order = fc.letrec((tie) => ({
  order: sent(
    {
      name: orWrong(fc.constantFrom('n', 'x')),
      day: orWrong(fc.constant('2024-02-29')),
      mail: orWrong(fc.constantFrom('a@example.com', '\ud800@example.com')),
      tags: orWrong(fc.array(orWrong(fc.constantFrom('a', 'b')), { maxLength: 5 })),
      items: orWrong(items(4)),
      either: orWrong(fc.oneof(item, items(3), fc.array(items(2), { maxLength: 2 }))),
      conditional: orWrong(item),
      inner: fc.option(tie('order'), { depthIdentifier: 'order' }),
      list: fc.array(tie('order'), { maxLength: 2, depthIdentifier: 'order' }),
    },
    ['name', 'tags', 'items'],
  ),
})).order

describe('what is told of a body', () => {
  for (const unknownProperties of ['refuse', 'drop'] as const) {
    it(`does not depend on what was read at once, where unknown properties are to ${unknownProperties}`, async () => {
      const outcomes = bothWays(Order, [], { unknown: unknownProperties, maxItems })
      const seen = { right: 0, wrong: 0 }
      await fc.assert(
        fc.asyncProperty(order, async (body) => {
          const [asEver, thoroughly] = await outcomes(body)
          expect(asEver, JSON.stringify(body)).to.deep.equal(thoroughly)
          seen[asEver.issues === undefined ? 'right' : 'wrong'] += 1
        }),
        { numRuns: 1_000 },
      )
      expect(seen.right).to.be.above(30)
      expect(seen.wrong).to.be.above(300)
    })
  }

  it('does not depend on it where more is wrong than is told, or than is kept', async () => {
    const outcomes = bothWays(Order, [], { unknown: 'refuse', maxItems })
    await fc.assert(
      fc.asyncProperty(items(60), items(60), order, async (many, others, inner) => {
        const body = { inner, either: many, name: 'n', items: others, tags: [] }
        const [asEver, thoroughly] = await outcomes(body)
        expect(asEver, JSON.stringify(body)).to.deep.equal(thoroughly)
      }),
      { numRuns: 500 },
    )
  })

  it('does not depend on it however many copies are doubtful and yet right', async () => {
    const outcomes = bothWays(Order, [], { unknown: 'refuse', maxItems: 1_000 })
    // Two units and one character: too short, which only class-validator tells from two characters.
    const doubtful = { sku: '\u{1f600}\u{1f600}', count: 1 }
    const last = { sku: 'ab', count: 0 }
    const body = {
      either: Array.from({ length: 500 }, () => doubtful),
      name: 'n',
      tags: ['a', 'long'],
      items: [{ sku: 'ab', count: 1 }, last],
    }
    const [asEver, thoroughly] = await outcomes(body)
    expect(asEver.issues?.map(({ path, code }) => `${path} ${code}`)).to.deep.equal(['/tags/1 maxLength', '/items/1/count min'])
    expect(asEver).to.deep.equal(thoroughly)
  })

  it('costs no second reading: no object is made twice', async () => {
    let made = 0
    class Counted {
      constructor() {
        made += 1
      }
    }
    IsInt()(Counted.prototype, 'count')
    IsOptional()(Counted.prototype, 'list')
    Nested(() => Counted, { each: true })(Counted.prototype, 'list')
    const right = { count: 1, list: [{ count: 1 }, { count: 2 }] }
    for (const last of [{ count: 'x' }, { more: 1 }, {}, { count: 1, list: [{ count: 1 }, 1] }]) {
      const { run } = compiled({ body: Counted })
      const exchange = exchangeOf()
      exchange.rawBody = { list: [right, { list: [right, last], count: 1 }, right], count: 1 }
      made = 0
      const error = await run(exchange).catch((thrown: unknown) => thrown)
      expect(error).to.be.instanceOf(ValidationFailed)
      expect(made).to.equal(1 + 3 + 1 + 3 + 1 + ('list' in last ? 1 : 0) + 3)
    }
  })

  it('does not depend on it at any depth', async () => {
    const outcomes = bothWays(Order)
    const nested = (depth: number, leaf: object): object =>
      depth === 0 ? leaf : { name: 'n', tags: [], items: [], list: [{ name: 'n', tags: [], items: [] }, nested(depth - 1, leaf)] }
    for (const depth of [1, 5, 31, 32, 33, 40]) {
      for (const leaf of [{ name: 'n', tags: [], items: [] }, { name: 1, tags: [1], items: [{ more: 1 }] }, { more: 1 }]) {
        const [asEver, thoroughly] = await outcomes(nested(depth, leaf))
        expect(asEver).to.deep.equal(thoroughly)
      }
    }
  })
})
