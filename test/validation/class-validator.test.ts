import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  Contains,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsNotEmpty,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
  validateSync,
} from 'class-validator'
import type { ValidationError } from 'class-validator'
import { Type, plainToInstance } from 'class-transformer'
import { expect } from 'chai'
import fc from 'fast-check'
import { ApiError } from '../../lib/errors.js'
import { exchangeOf } from '../exchange.js'
import { bodyOf, compiled } from './route.js'

class Base {
  @IsOptional()
  @IsIn(['a', 1, null])
  choice?: unknown
}

class Address {
  @Length(1, 3)
  street!: string

  @IsUUID()
  id!: string
}

class Item {
  @Min(1)
  @Max(3)
  qty!: number

  @IsOptional()
  @ArrayUnique()
  @IsArray()
  @MaxLength(2, { each: true })
  tags?: string[]
}

class Order extends Base {
  @IsString()
  @Matches(/^[a-c]*$/)
  code!: string

  @IsNumber({ maxDecimalPlaces: 1 })
  price!: number

  @IsBoolean({ message: 'say yes or no to $property' })
  gift!: boolean

  @Contains('b')
  @IsNotEmpty()
  note!: unknown

  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => Address)
  address!: Address

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(2)
  @ValidateNested({ each: true })
  @Type(() => Item)
  items!: Item[]
}

/** Values that are right, nearly right and wrong. */
const scalar = fc.oneof(
  fc.constantFrom<unknown>('a', 'b', 'abc', '', 0, 1, 2.5, 2.25, 3, 4, -1, true, false, null, '\u{1f600}', '\ud800', 'e\ufe0f'),
  fc.constantFrom<unknown>('2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d', '00000000-0000-0000-0000-000000000000', 1e21, 'ab\u0301'),
)
const mostly = (right: fc.Arbitrary<unknown>) => fc.oneof({ arbitrary: right, weight: 15 }, { arbitrary: scalar, weight: 1 })
const record = (parts: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Record<string, unknown>> =>
  fc.oneof(
    { arbitrary: fc.record(parts), weight: 5 },
    { arbitrary: fc.record({ ...parts, extra: fc.constant(1) }, { requiredKeys: [] }), weight: 1 },
  )
const uuid = fc.constant('2c5ea4c0-4067-41e9-8bad-9b1deb4d3b7d')
const item = record({ qty: mostly(fc.constantFrom(1, 2, 3)), tags: mostly(fc.array(fc.constantFrom('a', 'bb', 'ccc'), { maxLength: 3 })) })
const order = record({
  choice: mostly(fc.constantFrom('a', 1)),
  code: mostly(fc.constantFrom('a', 'abc')),
  price: mostly(fc.constantFrom(1, 2.5)),
  gift: mostly(fc.boolean()),
  note: mostly(fc.constantFrom('b', 'abc')),
  address: mostly(record({ street: mostly(fc.constantFrom('a', 'abc')), id: mostly(uuid) })),
  items: mostly(fc.array(mostly(item), { maxLength: 3 })),
})

/** What class-validator itself says, after class-transformer made instances: path, code and message of each error. */
function reference(body: unknown): readonly string[] {
  const instance = plainToInstance(Order, structuredClone(body)) as object
  return validateSync(instance, { whitelist: true, forbidNonWhitelisted: true }).flatMap((error) => flattened(error, ''))
}

function flattened({ property, constraints = {}, children = [] }: ValidationError, path: string): readonly string[] {
  const own = `${path}/${property}`
  const said = Object.entries(constraints).map(([code, message]) => {
    return code === 'whitelistValidation' ? `${own} unknown` : `${own} ${code} ${message}`
  })
  return [...said, ...children.flatMap((child) => flattened(child, own))]
}

/** Ours, with the two differences taken out: the index of a list's wrong element, and words of our own. */
function ours(outcome: unknown): readonly string[] {
  if (!(outcome instanceof ApiError)) return []
  return (outcome.errors ?? []).map(({ path, code, message }) => {
    if (code === 'unknown') return `${path} ${code}`
    return `${path.replace(/\/tags\/\d+$/, '/tags')} ${code} ${message}`
  })
}

describe('the verdict', () => {
  const { run } = compiled({ body: Order })

  /** What becomes of a body: the route is compiled once. */
  async function outcomeOf(body: unknown): Promise<unknown> {
    const exchange = exchangeOf()
    exchange.rawBody = body
    return run(exchange).then(
      ({ body: made }) => made,
      (error: unknown) => error,
    )
  }

  it("is class-validator's, with unknown properties forbidden: the same bodies pass", async () => {
    let passed = 0
    await fc.assert(
      fc.asyncProperty(order, async (body) => {
        const isRight = reference(body).length === 0
        if (isRight) passed += 1
        expect((await outcomeOf(body)) instanceof Order, JSON.stringify(body)).to.equal(isRight)
      }),
      { numRuns: 1_500 },
    )
    expect(passed).to.be.above(20)
  })

  it("is class-validator's in path, code and message", async () => {
    await fc.assert(
      fc.asyncProperty(order, async (body) => {
        const said = ours(await outcomeOf(body))
        fc.pre(said.length < 20)
        expect(said.toSorted()).to.deep.equal(reference(body).toSorted())
      }),
      { numRuns: 500 },
    )
  })

  it('lets nothing through but what is declared, at every depth, whatever is sent', async () => {
    const declared = new Map<unknown, readonly string[]>([
      [Order, ['choice', 'code', 'price', 'gift', 'note', 'address', 'items']],
      [Address, ['street', 'id']],
      [Item, ['qty', 'tags']],
    ])
    const requireDeclared = (object: object) => {
      expect(declared.get(object.constructor)).to.include.members(Object.keys(object))
      for (const value of Object.values(object).flat() as unknown[]) {
        if (typeof value === 'object' && value !== null) requireDeclared(value)
      }
    }
    const whole = record({
      code: fc.constant('a'),
      price: fc.constant(1),
      gift: fc.constant(true),
      note: fc.constant('b'),
      address: fc
        .tuple(fc.object(), fc.constant({ street: 'a', id: '2c5ea4c0-4067-41e9-8bad-9b1deb4d3b7d' }))
        .map(([more, own]) => ({ ...more, ...own })),
      items: fc.tuple(fc.object(), fc.constant({ qty: 1 })).map(([more, own]) => [{ ...more, ...own }]),
    })
    let passed = 0
    await fc.assert(
      fc.asyncProperty(whole, async (body) => {
        const outcome = await bodyOf(Order, body, { unknown: 'drop' })
        if (!(outcome instanceof Order)) return
        passed += 1
        requireDeclared(outcome)
      }),
      { numRuns: 300 },
    )
    expect(passed).to.be.above(0)
  })
})
