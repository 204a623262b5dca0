import * as all from 'class-validator'
import { IsArray, IsDate, IsEnum, IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min, ValidateIf } from 'class-validator'
import type { ValidationOptions } from 'class-validator'
import { Type } from 'class-transformer'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import { expect } from 'chai'
import fc from 'fast-check'
import { Nested } from '../../lib/index.js'
import type { ValidateOptions } from '../../lib/index.js'
import { Components } from '../../lib/openapi/components.js'
import { propertiesOfRules, schemaOfRules } from '../../lib/validation/json-schema.js'
import type { JsonSchema } from '../../lib/index.js'
import { portablePattern } from '../../lib/validation/portable-pattern.js'
import { exchangeOf } from '../exchange.js'
import { cases } from './every-decorator.js'
import { compiled } from './route.js'

type Dto = new () => object

const usual = { groups: [], unknown: 'refuse', maxItems: 10_000 } as const

/** The schema of a class, with all that it refers to. */
function documentFor(Target: Dto, options: ValidateOptions = {}): JsonSchema {
  const components = new Components()
  const root = schemaOfRules(Target, { options: { ...usual, ...options }, fromTexts: false, components })
  return { ...root, components: components.written() }
}

const ajv = new Ajv2020({ strict: false, validateFormats: false, validateSchema: false, addUsedSchema: false })

function validatorOf(schema: JsonSchema): ValidateFunction {
  return ajv.compile(schema)
}

/** Whether the class itself lets a body through. */
function verdicts(Target: Dto, options: ValidateOptions = {}): (body: unknown) => Promise<boolean> {
  const { run, mistakes } = compiled({ body: Target }, options)
  expect(mistakes).to.deep.equal([])
  return async (body) => {
    const exchange = exchangeOf()
    exchange.rawBody = body
    return run(exchange).then(
      () => true,
      () => false,
    )
  }
}

const sent = (one: unknown): unknown => JSON.parse(JSON.stringify(one)) as unknown
/** Whether the schema leaves nothing out; a default may break the rules that it stands for. */
const isWhole = (schema: JsonSchema): boolean => !/"x-rules|"default"/.test(JSON.stringify(schema))

/** The schema never refuses what the class takes; and takes nothing else, where it could say all of it. */
async function expectAgreement(Target: Dto, bodies: readonly unknown[], options: ValidateOptions = {}): Promise<number> {
  const schema = documentFor(Target, options)
  const validate = validatorOf(schema)
  const verdict = verdicts(Target, options)
  const hasAllSaid = isWhole(schema)
  let accepted = 0
  for (const body of bodies.map(sent)) {
    const isTaken = await verdict(body)
    const isValid = validate(body)
    if (isTaken) accepted += 1
    if (isTaken === isValid || (isValid && !hasAllSaid)) continue
    expect.fail(`${JSON.stringify(body)} is ${isTaken ? 'taken' : 'refused'}, unlike by ${JSON.stringify(schema)}`)
  }
  return accepted
}

const scalars: readonly unknown[] = [
  ...[null, true, false, 0, 1, 2, 3, 4, -1, -4, 2.5, 1.25, 2 ** 53, 1e21, '', 'a', 'b', 'abc', 'abcde', 'cat', 'dog', ' ', '1', '-1'],
  ...['\u{1f600}', '\u{1f600}\u{1f600}', '\ud800', '\n', '\u0000', 'a\nb', 'true', '23:59', '507f1f77bcf86cd799439011', 'low', 'h'],
  ...['2c5ea4c0-4067-41e9-8bad-9b1deb4d3b7d', '2C5EA4C0-4067-11E9-8BAD-9B1DEB4D3B7D', '00000000-0000-0000-0000-000000000000'],
  ...['2c5ea4c0-4067-41e9-0bad-9b1deb4d3b7d', '2024-02-29', '2024-02-30', '2024-02-29T10:00:00Z', '2024-02-29T10:00:00.1+02:00'],
]
const values: readonly unknown[] = [
  ...scalars,
  ...[[], ['a'], ['a', 'a'], ['a', 'b', 'c'], [1, 'a'], [null], [[]], [['a']], [{}], {}, { a: 1 }, { a: null }, { value: { value: 1 } }],
]

describe('the JSON Schema of a class', () => {
  for (const [name, { decorate, good: right }] of Object.entries(cases)) {
    it(`takes what the rule takes, and refuses with it where it can: ${name}`, async () => {
      for (const options of [undefined, { each: true }] satisfies Array<ValidationOptions | undefined>) {
        for (const isOptional of options === undefined ? [false, true] : [false]) {
          class Dto {
            value: unknown
          }
          decorate(options)(Dto.prototype, 'value')
          if (isOptional) IsOptional()(Dto.prototype, 'value')
          const bodies = [{}, { value: right, other: 1 }, ...[...values, right, [right]].map((value) => ({ value }))]
          await expectAgreement(Dto, bodies)
        }
      }
    })
  }

  it('agrees with classes made at random, nested ones, lists of them, conditions and groups among them', async () => {
    const words = [
      'IsString',
      'IsInt',
      'IsNumber',
      'Min',
      'Max',
      'IsPositive',
      'IsDivisibleBy',
      'IsIn',
      'IsNotIn',
      'IsDefined',
      'IsNotEmpty',
    ]
    const lists = ['IsArray', 'ArrayMinSize', 'ArrayMaxSize', 'ArrayContains', 'ArrayNotContains', 'ArrayNotEmpty']
    const texts = ['MinLength', 'MaxLength', 'Length', 'Matches', 'Contains', 'NotContains', 'IsUUID', 'Equals', 'NotEquals', 'IsObject']
    const options: fc.Arbitrary<ValidationOptions> = fc.record(
      { each: fc.boolean(), groups: fc.subarray(['x', 'y']), always: fc.boolean() },
      { requiredKeys: [] },
    )
    const rule = fc.record({ name: fc.constantFrom(...words, ...lists, ...texts), options })
    const property = fc.record({
      rules: fc.array(rule, { maxLength: 3 }),
      extra: fc.constantFrom('none', 'none', 'optional', 'left out', 'if', 'default', 'one', 'list', 'either'),
    })
    const dto = fc.record({ a: property, b: property })
    const scalar = fc.constantFrom(...scalars)
    const leaf = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }))
    const object = fc.record({ a: leaf, b: leaf }, { requiredKeys: [] })
    const inner = fc.oneof(leaf, object, fc.array(object, { maxLength: 2 }), fc.array(fc.array(object, { maxLength: 2 }), { maxLength: 2 }))
    const body = fc.record({ a: inner, b: inner, c: scalar }, { requiredKeys: ['a', 'b'].slice(0, 1) as Array<'a'> })
    let accepted = 0

    function decorate(
      Target: Dto,
      said: Readonly<Record<string, { rules: ReadonlyArray<{ name: string; options: ValidationOptions }>; extra: string }>>,
      Inner?: Dto,
    ) {
      for (const [name, { rules, extra }] of Object.entries(said)) {
        all.Allow({ always: true })(Target.prototype, name)
        for (const one of rules) cases[one.name]!.decorate(one.options)(Target.prototype, name)
        if (extra === 'optional') IsOptional()(Target.prototype, name)
        if (extra === 'left out') ValidateIf((_, value) => value !== undefined)(Target.prototype, name)
        if (extra === 'if') ValidateIf((one: { b?: unknown }) => one.b !== 'a')(Target.prototype, name)
        if (Inner === undefined) continue
        if (extra === 'one' || extra === 'list') Nested(() => Inner, { each: extra === 'list' })(Target.prototype, name)
        if (extra !== 'either') continue
        all.ValidateNested()(Target.prototype, name)
        Type(() => Inner)(Target.prototype, name)
      }
    }

    await fc.assert(
      fc.asyncProperty(
        fc.tuple(dto, dto, fc.subarray(['x', 'y']), fc.boolean()),
        fc.array(body, { minLength: 30, maxLength: 30 }),
        async ([ofOuter, ofInner, groups, drops], bodies) => {
          class Inner {}
          class Outer {
            constructor() {
              for (const [name, { extra }] of Object.entries(ofOuter)) if (extra === 'default') Object.assign(this, { [name]: 'a' })
            }
          }
          decorate(Inner, ofInner)
          decorate(Outer, ofOuter, Inner)
          fc.pre(compiled({ body: Outer }, { groups }).mistakes.length === 0)
          accepted += await expectAgreement(Outer, bodies, { groups, unknown: drops ? 'drop' : 'refuse' })
        },
      ),
      { numRuns: 120 },
    )
    expect(accepted).to.be.above(100)
  })

  it('takes no condition for known that looks at the object, be it at the property itself', () => {
    class Dto {
      @ValidateIf((one: Dto) => one.value !== 'a') @IsInt() value?: unknown
    }
    const { components } = documentFor(Dto)
    const { Dto: written } = (components as { schemas: Record<string, { properties: Record<string, object> }> }).schemas
    expect(written?.properties['value']).to.have.property('x-rules-under-condition')
  })

  it('says what a list of rules says, in as few words', () => {
    class Item {
      @IsString() @MaxLength(20) sku!: string
    }
    class Order {
      @IsInt() @Min(1) @Max(1000) quantity!: number
      @IsArray() @IsIn(['red', 'blue'], { each: true }) colours!: string[]
      @IsOptional() @Matches(/^[A-Z]{2}$/) country?: string | null
      @Nested(() => Item, { each: true }) items!: Item[]
      @IsDate() day!: Date
      @ValidateIf(({ quantity }: Order) => quantity > 10) @IsString() reason?: string
      @all.IsEmail() mail!: string
    }
    const { components, ...root } = documentFor(Order, { maxItems: 50 })
    expect(root).to.deep.equal({ $ref: '#/components/schemas/Order' })
    expect(components).to.deep.equal({
      schemas: {
        Item: {
          type: 'object',
          properties: { sku: { type: 'string', maxLength: 20 } },
          required: ['sku'],
          additionalProperties: false,
        },
        Order: {
          type: 'object',
          properties: {
            quantity: { type: 'integer', format: 'int64', minimum: 1, maximum: 1000 },
            colours: { type: 'array', items: { enum: ['red', 'blue'] }, maxItems: 50 },
            country: { type: ['string', 'null'], pattern: '^[A-Z]{2}$' },
            items: { type: 'array', items: { $ref: '#/components/schemas/Item' }, maxItems: 50 },
            day: {
              type: 'string',
              pattern:
                '^\\d{4}-\\d{2}-\\d{2}(?:T(?:[01]\\d|2[0-3])(?::[0-5]\\d){2}(?:\\.\\d{1,9})?(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d))?$',
              description: 'day must be a Date instance.',
              'x-rules': ['isDate'],
            },
            reason: { description: 'Its rules count under a condition.', 'x-rules-under-condition': { type: 'string' } },
            mail: { type: 'string', format: 'email', description: 'mail must be an email.', 'x-rules': ['isEmail'] },
          },
          required: ['quantity', 'colours', 'items', 'day', 'mail'],
          additionalProperties: false,
        },
      },
    })
  })

  it('says of lists of classes as class-validator nests them what it takes for one', () => {
    class Item {
      @IsString() sku!: string
    }
    class Order {
      @IsArray() @all.ValidateNested({ each: true }) @Type(() => Item) items!: Item[]
      @IsArray() anything!: unknown[]
    }
    const schemas = (documentFor(Order)['components'] as Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>)['schemas']
    expect(schemas?.['Order']?.['properties']).to.deep.equal({
      items: { type: 'array', items: { $ref: '#/components/schemas/ItemOrLists' }, maxItems: 10_000 },
      anything: { type: 'array', items: {}, maxItems: 10_000 },
    })
    const item = { $ref: '#/components/schemas/Item' }
    expect(schemas?.['ItemOrLists']).to.deep.equal({
      anyOf: [item, { type: 'array', items: { $ref: '#/components/schemas/ItemOrLists' } }],
    })
  })

  it('lets a class nest itself', () => {
    class Tree {
      @IsOptional() @Nested(() => Tree, { each: true }) branches?: Tree[]
    }
    const validate = validatorOf(documentFor(Tree))
    expect(validate({ branches: [{ branches: [] }, {}] })).to.equal(true)
    expect(validate({ branches: [{ leaves: 1 }] })).to.equal(false)
  })

  it('gives two classes of one name two names, and one class read in two ways', () => {
    const make = () => {
      class Thing {
        @IsString() name!: string
      }
      return Thing
    }
    const components = new Components()
    const setting = { options: usual, fromTexts: false, components }
    const [One, Other] = [make(), make()]
    const names = [One, Other, One].map((Target) => schemaOfRules(Target, setting)['$ref'])
    expect(names).to.deep.equal(['#/components/schemas/Thing', '#/components/schemas/Thing2', '#/components/schemas/Thing'])
    expect(schemaOfRules(One, { ...setting, options: { ...usual, unknown: 'drop' } })['$ref']).to.equal('#/components/schemas/Thing3')
  })

  it('of texts, tells the types that they are turned into', () => {
    enum Size {
      Small,
      Large,
    }
    class Query {
      @IsInt() @Min(1) page!: number
      @IsString({ each: true }) tags!: string[]
      @IsOptional() @Type(() => Boolean) open?: boolean
      @IsEnum(Size) size!: Size
    }
    const described = propertiesOfRules(Query, { options: usual, fromTexts: true, components: new Components() })
    expect(Object.fromEntries(described!)).to.deep.equal({
      page: { schema: { type: 'integer', format: 'int64', minimum: 1, maximum: Number.MAX_SAFE_INTEGER }, isRequired: true },
      tags: { schema: { type: 'array', items: { type: 'string' }, maxItems: 10_000 }, isRequired: true },
      open: { schema: { type: 'boolean' }, isRequired: false },
      size: { schema: { enum: [0, 1] }, isRequired: true },
    })
  })

  it('does not say of a rule what another rule of that name means', () => {
    class Dto {
      @all.ValidateBy({ name: 'isInt', validator: { validate: () => true, defaultMessage: () => 'anything' } }) value: unknown
    }
    expect(validatorOf(documentFor(Dto))({ value: 'text' })).to.equal(true)
  })
})

describe('a pattern', () => {
  it('is written down where it means the same to a reader of code points', () => {
    for (const portable of [/^[a-z]+$/, /^[^\s@]+@[^\s@]+$/, /^\P{Surrogate}*$/u, /^a.*b$/g, /^\d{2}\.\d$/, /[.]/]) {
      expect(portablePattern(portable, undefined), String(portable)).to.equal(portable.source)
    }
  })

  it('is not where it does not', () => {
    for (const other of [
      /a/i,
      /^.$/,
      /^.{2}$/,
      /^[^a]$/,
      /^.+.+$/,
      /^\S+a*\S+$/,
      /^(.+)(.+)$/,
      /^(?:.+){2}$/,
      /^a$/m,
      /^.+$/s,
      '^\\-$',
      /\ud800/,
      /^[\D]{2}$/,
      /^\W$/,
      '^[é😀]$',
      /b/y,
    ]) {
      expect(portablePattern(other, undefined), String(other)).to.equal(undefined)
    }
  })

  it('accepts the same texts, whatever it is', () => {
    const atom = fc.constantFrom('a', '.', '[^a]', '\\S', '[ab]', '\\d', '\\D', '\\.', '(?:b|c)', '[\\W]')
    const repeated = fc.tuple(atom, fc.constantFrom('', '+', '*', '?', '{2}')).map((parts) => parts.join(''))
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', '.', '\u{1f600}', '\ud83d', ' '), maxLength: 4 })
    fc.assert(
      fc.property(fc.array(repeated, { minLength: 1, maxLength: 4 }), fc.array(text, { minLength: 10 }), (parts, samples) => {
        const expression = new RegExp(`^${parts.join('')}$`)
        const source = portablePattern(expression, undefined)
        fc.pre(source !== undefined)
        for (const sample of samples) expect(new RegExp(source, 'u').test(sample), `${source} ${sample}`).to.equal(expression.test(sample))
      }),
    )
  })
})
