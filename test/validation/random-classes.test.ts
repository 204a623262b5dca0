import { Allow, IsOptional, Validate, ValidateIf, ValidateNested, ValidatorConstraint, useContainer, validateSync } from 'class-validator'
import type { ValidationError, ValidationOptions } from 'class-validator'
import { Type, plainToInstance } from 'class-transformer'
import { expect } from 'chai'
import fc from 'fast-check'
import { cases } from './every-decorator.js'
import { bothWays } from './both-ways.js'
import { compiled } from './route.js'
import { exchangeOf } from '../exchange.js'

type Dto = new () => object
type Source = Readonly<Record<string, unknown>>

/** One thing that is said of a property. */
type Said =
  | { readonly said: 'rule'; readonly name: string; readonly options: ValidationOptions }
  | { readonly said: 'optional' | 'custom'; readonly options: ValidationOptions }
  | { readonly said: 'if'; readonly other: string; readonly options: ValidationOptions }
  | { readonly said: 'nested'; readonly as: number; readonly options: ValidationOptions }

/** How a class makes values of its own: what was not sent, what cannot be sent, or another property out of what was sent. */
interface Making {
  readonly way: 'default' | 'getter' | 'setter' | undefined
  readonly inner: Source
  readonly isList: boolean
}

type Said3 = Readonly<Record<string, readonly Said[]>>

const names = ['a', 'b', 'c', 'd']
const words = [
  'IsString',
  'IsInt',
  'IsArray',
  'ArrayMinSize',
  'ArrayUnique',
  'MaxLength',
  'Min',
  'IsIn',
  'IsEmail',
  'IsNotEmpty',
  'Matches',
  'NotContains',
]
const options: fc.Arbitrary<ValidationOptions> = fc.record(
  {
    each: fc.boolean(),
    groups: fc.subarray(['x', 'y']),
    always: fc.boolean(),
    validateIf: fc.constant((_object: unknown, value: unknown) => value !== 'b'),
  },
  { requiredKeys: [] },
)
const said: fc.Arbitrary<Said> = fc.oneof(
  { arbitrary: fc.record({ said: fc.constant('rule' as const), name: fc.constantFrom(...words), options }), weight: 6 },
  { arbitrary: fc.record({ said: fc.constantFrom('optional' as const, 'custom' as const), options }), weight: 2 },
  { arbitrary: fc.record({ said: fc.constant('if' as const), other: fc.constantFrom(...names), options }), weight: 1 },
  { arbitrary: fc.record({ said: fc.constant('nested' as const), as: fc.constantFrom(0, 1), options }), weight: 2 },
)
const properties: fc.Arbitrary<Said3> = fc.record(Object.fromEntries(names.map((name) => [name, fc.array(said, { maxLength: 2 })])))

const making: fc.Arbitrary<Making> = fc.record({
  way: fc.constantFrom('default', 'getter', 'setter', undefined),
  inner: fc.record(
    { a: fc.constantFrom<unknown>('a', 'b', 1, null), b: fc.constantFrom<unknown>('a', 1, ['a', 'a']), more: fc.constant(1) },
    { requiredKeys: [] },
  ),
  isList: fc.boolean(),
})

/** The class with a default or a getter for `a` and `d`, which is never sent, or a setter of `c` that writes into `a`. */
function withMade(Target: Dto, Nested: Dto, { way, inner, isList }: Making): Dto {
  const made = () => {
    const one = Object.assign(new Nested(), inner)
    return isList ? [one] : one
  }
  if (way === 'default') {
    return class Defaulting extends Target {
      a: unknown = made()
    }
  }
  if (way === 'getter') Object.defineProperty(Target.prototype, 'd', { get: made })
  if (way === 'setter') {
    const set = function (this: { a: unknown }, value: unknown) {
      // What was sent may be in it.
      this.a = Object.assign(made(), value === 'a' ? {} : { b: value })
    }
    Object.defineProperty(Target.prototype, 'c', { get: () => 'a', set })
  }
  return Target
}

/** A validator that the application's container makes: it needs what it is given there. */
@ValidatorConstraint({ name: 'isShort' })
class IsShort {
  constructor(private readonly longest: number) {}
  validate(value: unknown) {
    return String(value).length <= this.longest
  }
}

function decorate(Target: Dto, all: Said3, nested: readonly Dto[]): void {
  for (const [name, list] of Object.entries(all)) {
    // A rule that no group leaves out: a class without one would not start.
    Allow({ always: true })(Target.prototype, name)
    for (const one of list) {
      // What a class makes of its own is an `Inner`.
      const Inner = one.said === 'nested' ? nested[name === 'a' || name === 'd' ? 0 : one.as] : undefined
      if (Inner !== undefined) {
        ValidateNested(one.options)(Target.prototype, name)
        Type(() => Inner)(Target.prototype, name)
      } else if (one.said === 'rule') cases[one.name]?.decorate(one.options)(Target.prototype, name)
      else if (one.said === 'optional') IsOptional(one.options)(Target.prototype, name)
      else if (one.said === 'custom') Validate(IsShort, one.options)(Target.prototype, name)
      else if (one.said === 'if') {
        ValidateIf((object: Source) => object[one.other] !== 'a', one.options)(Target.prototype, name)
      }
    }
  }
}

const scalar = fc.constantFrom<unknown>('a', 'b', 'abc', '', 'a@example.com', 1, 0, 2.5, -1, null, true, '\ud800@example.com')
const leaf = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }))
const objectOf = (inner: fc.Arbitrary<unknown>): fc.Arbitrary<Source> =>
  fc.oneof(
    { arbitrary: fc.record({ a: inner, b: inner, c: inner }, { requiredKeys: [] }), weight: 9 },
    { arbitrary: fc.record({ a: inner, unknown: scalar }), weight: 1 },
  )
const inner = fc.oneof({ arbitrary: leaf, weight: 3 }, { arbitrary: objectOf(leaf), weight: 2 })
const body = objectOf(
  fc.oneof(
    { arbitrary: inner, weight: 3 },
    { arbitrary: fc.array(inner, { maxLength: 3 }), weight: 1 },
    { arbitrary: fc.array(fc.array(inner, { maxLength: 2 }), { maxLength: 2 }), weight: 1 },
  ),
)

function reference(Target: Dto, sent: Source, groups: readonly string[]): boolean {
  try {
    return errorsOf(instanceOf(Target, sent), groups).length === 0 && !hidesUnknown(Target, sent, groups)
  } catch {
    return false
  }
}

/** Whether a setter has put something else in the place of a name without rules: class-validator does not see it any more, and it was sent. */
function hidesUnknown(Target: Dto, sent: Source, groups: readonly string[]): boolean {
  const { c: _written, ...others } = sent
  const unwritten = Object.assign(instanceOf(Target, sent), { a: instanceOf(Target, others).a })
  return errorsOf(unwritten, groups).some((error) => error.property === 'a' && isOfUnknown(error))
}

function isOfUnknown({ constraints, children = [] }: ValidationError): boolean {
  return constraints?.['whitelistValidation'] !== undefined || children.some(isOfUnknown)
}

function instanceOf(Target: Dto, sent: Source): { a?: unknown } {
  return plainToInstance(Target, structuredClone(sent))
}

function errorsOf(instance: object, groups: readonly string[]): readonly ValidationError[] {
  return validateSync(instance, { whitelist: true, forbidNonWhitelisted: true, groups: [...groups] })
}

describe('classes made at random, with groups, conditions, parents, nested classes and validators from a container', () => {
  before(() => useContainer({ get: (Service: new (longest: number) => object) => new Service(5) }, { fallback: true }))
  after(() => useContainer({ get: (Service: new () => object) => new Service() }, { fallback: true }))

  it('get the same verdicts as from validateSync, unless names without rules were sent and hidden, and are told the same whatever was read at once', async () => {
    let yes = 0
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(properties, properties, properties),
        making,
        fc.subarray(['x', 'y']),
        fc.array(body, { minLength: 30, maxLength: 30 }),
        async ([ofParent, ofChild, ofInner], made, groups, bodies) => {
          class Inner {}
          class Parent {}
          class Plain extends Parent {}
          const Child = withMade(Plain, Inner, made)
          decorate(Inner, ofInner, [])
          decorate(Parent, ofParent, [Inner, Inner])
          decorate(Child, ofChild, [Inner, Parent])
          const { run, mistakes } = compiled({ body: Child }, { groups })
          fc.pre(mistakes.length === 0)
          const outcomes = bothWays(Child, groups)
          for (const one of bodies) {
            const expected = reference(Child, one, groups)
            if (expected) yes += 1
            const exchange = exchangeOf()
            exchange.rawBody = JSON.parse(JSON.stringify(one)) as unknown
            const isAccepted = await run(exchange).then(
              () => true,
              () => false,
            )
            expect(isAccepted, JSON.stringify(one)).to.equal(expected)
            const [quickly, thoroughly] = await outcomes(one)
            expect(quickly, JSON.stringify(one)).to.deep.equal(thoroughly)
          }
        },
      ),
      { numRuns: 200 },
    )
    expect(yes).to.be.above(100)
  })
})
