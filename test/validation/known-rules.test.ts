import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayNotEmpty,
  ArrayUnique,
  Contains,
  IsArray,
  IsBoolean,
  IsDefined,
  Equals,
  IsEmail,
  IsEnum,
  IsIn,
  IsInt,
  IsNegative,
  IsNotEmpty,
  IsObject,
  IsNumber,
  IsPositive,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  NotContains,
  getMetadataStorage,
  validateSync,
} from 'class-validator'
import { expect } from 'chai'
import fc from 'fast-check'
import { rulesOf } from '../../lib/validation/rule.js'
import type { Rule } from '../../lib/validation/rule.js'

/** Values of all sorts. */
const scalar = fc.oneof(
  fc.constantFrom<unknown>('a', 'b', 'abc', '', 0, 1, 2.5, 2.25, 3, 4, -1, true, false, null, '\u{1f600}', '\ud800', 'e\ufe0f'),
  fc.constantFrom<unknown>('2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d', '00000000-0000-0000-0000-000000000000', 1e21, 'ab\u0301'),
)
/** The rules of a decorator, as they are prepared at start-up. */
function prepared(decorate: PropertyDecorator): Rule {
  class Scratch {
    value: unknown
  }
  decorate(Scratch.prototype, 'value')
  const [said] = getMetadataStorage().getTargetValidationMetadatas(Scratch, '', false, false, [])
  return rulesOf(said!)[0]!
}

describe('the quick way to a yes', () => {
  const decorators: ReadonlyArray<readonly [string, (each: { each: boolean }) => PropertyDecorator]> = [
    ['IsString', (each) => IsString(each)],
    ['IsBoolean', (each) => IsBoolean(each)],
    ['IsInt', (each) => IsInt(each)],
    ['IsNumber', (each) => IsNumber({}, each)],
    ['IsNumber with infinity', (each) => IsNumber({ allowInfinity: true, allowNaN: true }, each)],
    ['Min', (each) => Min(2, each)],
    ['Max', (each) => Max(2, each)],
    ['Length', (each) => Length(1, 3, each)],
    ['Length of more', (each) => Length(2, 3, each)],
    ['MinLength', (each) => MinLength(2, each)],
    ['MaxLength', (each) => MaxLength(2, each)],
    ['Matches', (each) => Matches(/^[a-c]+$/, each)],
    ['Matches, sticky', (each) => Matches(/b/y, each)],
    ['Matches, global', (each) => Matches(/b/g, each)],
    ['Matches a text', (each) => Matches('b', 'i', each)],
    ['Contains', (each) => Contains('a', each)],
    ['Contains of several', (each) => Contains('aB', each)],
    ['NotContains', (each) => NotContains('a', each)],
    ['NotContains of half a pair', (each) => NotContains('\ud83d', each)],
    ['IsUUID', (each) => IsUUID(undefined, each)],
    ['IsUUID of a version', (each) => IsUUID('4', each)],
    ['IsIn', (each) => IsIn(['a', 1, null, Number.NaN], each)],
    ['IsEnum', (each) => IsEnum({ a: 'a', b: 2, 2: 'b' }, each)],
    ['Equals', (each) => Equals('a', each)],
    ['IsPositive', (each) => IsPositive(each)],
    ['IsNegative', (each) => IsNegative(each)],
    ['IsObject', (each) => IsObject(each)],
    ['IsDefined', (each) => IsDefined(each)],
    ['IsNotEmpty', (each) => IsNotEmpty(each)],
    ['IsArray', (each) => IsArray(each)],
    ['ArrayNotEmpty', (each) => ArrayNotEmpty(each)],
    ['ArrayMinSize', (each) => ArrayMinSize(1, each)],
    ['ArrayMaxSize', (each) => ArrayMaxSize(1, each)],
    ['ArrayUnique', (each) => ArrayUnique(each)],
    ['ArrayUnique by a number', (each) => ArrayUnique((element) => Number(element), each)],
  ]
  const unit = fc.constantFrom('a', 'b', 'B', 'd', '\ud83d', '\ude00', '\ufe0f', '\ufe0e', '\u{1f600}', '\n')
  const value = fc.oneof(
    scalar,
    fc.double(),
    fc.array(unit, { maxLength: 5 }).map((units) => units.join('')),
    fc.uuid(),
    fc.constantFrom<unknown>(undefined, Number.NaN, Number.POSITIVE_INFINITY, {}, [], [1, 2], [1, 1], new Date(0)),
    fc.array(scalar, { maxLength: 3 }),
  )

  for (const [name, decorate] of decorators) {
    it(`knows ${name}, and says yes to nothing that class-validator would refuse`, () => {
      for (const each of [false, true]) {
        const { quick, validator, constraints } = prepared(decorate({ each }))
        const asked = (one: unknown) =>
          validator().validate(one, { value: one, constraints: constraints(), targetName: '', object: {}, property: '' })
        let agreed = 0
        fc.assert(
          fc.property(value, (one) => {
            if (quick?.accepts(one) !== true) return
            agreed += 1
            expect(asked(one), JSON.stringify(one)).to.equal(true)
          }),
          { numRuns: 1_500 },
        )
        expect(agreed).to.be.above(0)
      }
    })
  }

  it('decides about long lists in place of class-validator, which compares each element with each, and as that does', () => {
    for (const decorate of [ArrayUnique(), ArrayUnique((element) => Number(element)), ArrayUnique({ validateIf: () => true })]) {
      class Scratch {
        value: unknown
      }
      decorate(Scratch.prototype, 'value')
      const { validator } = prepared(decorate)
      fc.assert(
        fc.property(fc.oneof(fc.array(scalar, { maxLength: 4 }), value), (one) => {
          const said = validateSync(Object.assign(new Scratch(), { value: one })).length === 0
          expect(validator().validate(one), JSON.stringify(one)).to.equal(said)
        }),
      )
      let compared = 0
      const counting = (list: unknown[]) => Object.assign(list, { indexOf: () => (compared += 1) })
      void validator().validate(counting([...Array.from({ length: 100 }).keys(), 0]))
      expect(compared).to.equal(0)
    }
  })

  it('is not taken for rules that it does not know, or that have conditions', () => {
    expect(prepared(IsEmail()).quick).to.equal(undefined)
    expect(prepared(IsNumber({ maxDecimalPlaces: 2 })).quick).to.equal(undefined)
    // To class-validator, an empty text is part of two characters and not of one.
    expect(prepared(Contains('')).quick).to.equal(undefined)
    expect(prepared(IsString({ validateIf: () => true })).quick).to.equal(undefined)
  })
})
