import {
  IsByteLength,
  IsEmail,
  IsInt,
  IsNotEmptyObject,
  IsNumber,
  IsOptional,
  IsString,
  Validate as ValidateWith,
  ValidateBy,
  ValidateIf,
  ValidatorConstraint,
  buildMessage,
  registerDecorator,
} from 'class-validator'
import { expect } from 'chai'
import type { ApiError } from '../../lib/errors.js'
import { Nested } from '../../lib/validation/nested.js'
import { bodyOf, bodyTold } from './route.js'

/** A decorator of the application's own. */
function own(name: string, validate: (value: unknown) => unknown, async = false): PropertyDecorator {
  return (target, property) =>
    registerDecorator({
      name,
      async,
      target: target.constructor,
      propertyName: String(property),
      validator: { validate: validate as (value: unknown) => boolean, defaultMessage: () => `${name} says no` },
    })
}

describe('a validator that throws', () => {
  class Mail {
    @IsEmail()
    mail!: string

    @IsOptional()
    @IsByteLength(0, 50)
    note?: string

    @IsOptional()
    @IsNotEmptyObject()
    extra?: object

    @IsOptional()
    @IsNumber({ maxDecimalPlaces: 2 })
    price?: number
  }

  it("says no, for its property alone: class-validator's own do", async () => {
    expect(await bodyTold(Mail, { mail: '\ud800@example.com' })).to.deep.equal(['/mail isEmail'])
    expect(await bodyTold(Mail, { mail: 'a@example.com', note: '\ud800' })).to.deep.equal(['/note isByteLength'])
    const extra = JSON.parse('{"hasOwnProperty":1}') as object
    expect(await bodyTold(Mail, { mail: 'a@example.com', extra })).to.deep.equal(['/extra isNotEmptyObject'])
    expect(await bodyTold(Mail, { mail: 'a@example.com', price: 1e-7 })).to.deep.equal(['/price isNumber'])
    expect(await bodyTold(Mail, { mail: '\ud800@example.com', note: '\ud800', extra })).to.have.length(3)
    expect(await bodyTold(Mail, { mail: 'a@example.com' })).to.deep.equal({ mail: 'a@example.com' })
  })

  it('says no deep down, in lists, as a condition, as a getter and as a message', async () => {
    const broken = () => {
      throw new Error('broken')
    }
    class Inner {
      @IsEmail({}, { each: true })
      mails!: string[]
    }
    class Outer {
      @Nested(() => Inner, { each: true })
      inner!: Inner[]

      @ValidateIf(broken)
      @IsString()
      conditional?: string

      @IsString({ message: broken })
      message?: string

      @IsString()
      get computed(): string {
        return broken()
      }

      @IsString()
      get kept(): string {
        return broken()
      }
      set kept(_: string) {}
    }
    expect(await bodyTold(Outer, { inner: [{ mails: ['a@example.com', '\ud800@example.com'] }] })).to.deep.equal([
      '/inner/0/mails/1 isEmail',
      '/conditional invalid',
      '/message isString',
      '/computed invalid',
      '/kept invalid',
    ])
  })

  it('is remembered for the log, and not told to the client', async () => {
    const secret = new Error('no connection to 10.0.0.7')
    class Own {
      @own('isFree', () => Promise.reject(secret))
      name!: string
    }
    const refusal = (await bodyOf(Own, { name: 'a' })) as ApiError
    expect(refusal.cause).to.equal(secret)
    expect(refusal.reason).to.equal('validator-threw')
    expect(JSON.stringify(refusal.errors)).not.to.contain('10.0.0.7')
  })

  it('leaves no rejection behind that would end the process', async () => {
    class Both {
      @own('isFree', () => Promise.reject(new Error('no database')))
      name!: string

      @IsEmail()
      mail!: string
    }
    expect(await bodyTold(Both, { name: 'a', mail: '\ud800@example.com' })).to.deep.equal(['/mail isEmail', '/name isFree'])
  })
})

describe('a validator that answers later', () => {
  it('is waited for, whatever it says of itself', async () => {
    for (const declared of [true, false]) {
      class Free {
        @own('isFree', async () => true, declared)
        name!: string
      }
      class Taken {
        @own('isFree', async () => false, declared)
        name!: string
      }
      class Broken {
        @own('isFree', () => Promise.reject(new Error('no database')), declared)
        name!: string
      }
      class Outer {
        @Nested(() => Taken)
        inner!: Taken
      }
      expect(await bodyTold(Free, { name: 'a' })).to.deep.equal({ name: 'a' })
      expect(await bodyTold(Taken, { name: 'a' })).to.deep.equal(['/name isFree'])
      expect(await bodyTold(Broken, { name: 'a' })).to.deep.equal(['/name isFree'])
      expect(await bodyTold(Outer, { inner: { name: 'a' } })).to.deep.equal(['/inner/name isFree'])
    }
  })

  it("is waited for under the name of one of class-validator's own", async () => {
    class Disguised {
      @own('isInt', async () => false)
      size!: number
    }
    expect(await bodyTold(Disguised, { size: 1 })).to.deep.equal(['/size isInt'])
  })

  it('is not asked about what is wrong anyway', async () => {
    let asked = 0
    class Account {
      @own(
        'isFree',
        async (name) => {
          asked += 1
          return typeof name === 'string'
        },
        true,
      )
      @IsString()
      name!: string
    }
    expect(await bodyTold(Account, { name: { $ne: null } })).to.deep.equal(['/name isString'])
    expect(asked).to.equal(0)
    expect(await bodyTold(Account, { name: 'a' })).to.deep.equal({ name: 'a' })
    expect(asked).to.equal(1)
  })

  it('is asked about each element of a list', async () => {
    @ValidatorConstraint({ name: 'isEven', async: true })
    class IsEven {
      async validate(value: number) {
        return value % 2 === 0
      }
    }
    class Numbers {
      @ValidateWith(IsEven, { each: true })
      @IsInt({ each: true })
      all!: number[]
    }
    expect(await bodyTold(Numbers, { all: [2, 3, 4] })).to.deep.equal(['/all/1 isEven'])
    expect(await bodyTold(Numbers, { all: [2, 4] })).to.deep.equal({ all: [2, 4] })
  })
})

describe("a validator of the application's own", () => {
  it('is given the whole object and its constraints, and keeps its words', async () => {
    @ValidatorConstraint({ name: 'isLater' })
    class IsLater {
      validate(value: number, args: { object: object; constraints: unknown[] }) {
        return value > (args.object as Readonly<Record<string, number>>)[String(args.constraints[0])]!
      }
      defaultMessage() {
        return '$property must come after $constraint1'
      }
    }
    class Period {
      @IsInt()
      @ValidateWith(IsLater, ['from'])
      to!: number

      @IsInt()
      from!: number
    }
    expect(await bodyTold(Period, { from: 1, to: 2 })).to.deep.equal({ from: 1, to: 2 })
    const { errors } = (await bodyOf(Period, { to: 1, from: 2 })) as ApiError
    expect(errors).to.deep.equal([{ in: 'body', path: '/to', code: 'isLater', message: 'to must come after from' }])
  })

  it("may be stricter than the rule of class-validator's whose name it bears", async () => {
    class Strict {
      @own('isString', (value) => value === 'this alone')
      text!: string
    }
    expect(await bodyTold(Strict, { text: 'another' })).to.deep.equal(['/text isString'])
    expect(await bodyTold(Strict, { text: 'this alone' })).to.deep.equal({ text: 'this alone' })
  })

  it("may be stricter than the rule of class-validator's whose name and words it has", async () => {
    const rules: ReadonlyArray<readonly [string, string, unknown[], (value: unknown) => boolean, unknown, unknown]> = [
      ['isNotEmpty', 'should not be empty', [], (value) => String(value).trim() !== '', ' ', 'a'],
      ['isString', 'must be a string', [], (value) => typeof value === 'string' && !value.includes('<'), 'a < b', 'a'],
      ['isInt', 'must be an integer number', [], (value) => Number.isInteger(value) && Number(value) >= 0, -5, 5],
      ['isDefined', 'should not be null or undefined', [], (value) => Boolean(value), 0, 1],
      ['isPositive', 'must be a positive number', [], (value) => Number.isInteger(value) && Number(value) > 0, 1.5, 1],
      ['max', 'must not be greater than $constraint1', [8], (value) => Number(value) < 8, 8, 7],
      ['isIn', 'must be one of the following values: $constraint1', [['a', 'b']], (value) => value === 'b', 'a', 'b'],
      ['isArray', 'must be an array', [], (value) => Array.isArray(value) && new Set(value).size === value.length, [7, 7], [7]],
      ['maxLength', 'must be shorter than or equal to $constraint1 characters', [12], (value) => !/^ +$/.test(String(value)), '  ', 'a'],
    ]
    for (const [name, words, constraints, validate, refused, accepted] of rules) {
      class Strict {
        value: unknown
      }
      const defaultMessage = buildMessage((each) => `${each}$property ${words}`)
      ValidateBy({ name, constraints, validator: { validate, defaultMessage } })(Strict.prototype, 'value')
      expect(await bodyTold(Strict, { value: refused }), name).to.deep.equal([`/value ${name}`])
      expect(await bodyTold(Strict, { value: accepted }), name).to.deep.equal({ value: accepted })
    }
  })
})
