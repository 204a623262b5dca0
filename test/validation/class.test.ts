import {
  Allow,
  IsArray,
  IsEmail,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  ValidateIf,
  ValidateNested,
  registerDecorator,
} from 'class-validator'
import type { ValidationArguments } from 'class-validator'
import { Type } from 'class-transformer'
import { expect } from 'chai'
import { Nested } from '../../lib/validation/nested.js'
import { bodyOf, bodyTold, compiled } from './route.js'
import { exchangeOf } from '../exchange.js'

class Address {
  @IsString()
  @MaxLength(10)
  street!: string
}

class Street {
  @IsString()
  street!: string
}

describe('a DTO class', () => {
  it('keeps its defaults for what was not sent', async () => {
    class Settings {
      @IsInt()
      size = 20

      @IsString()
      name = 'none'
    }
    expect(await bodyTold(Settings, { size: 5 })).to.deep.equal({ size: 5, name: 'none' })
    expect(await bodyTold(Settings, { size: 5, name: null })).to.deep.equal(['/name isString'])
  })

  it('knows the rules of parent classes, and the groups that are asked for', async () => {
    class Base {
      @IsInt()
      size!: number
    }
    class Grouped extends Base {
      @IsString({ groups: ['admin'] })
      role!: string

      @IsString({ always: true })
      name!: string
    }
    const body = { role: 'a', name: 'b' }
    expect(await bodyTold(Grouped, body, { groups: ['admin'] })).to.deep.equal(body)
    expect(await bodyTold(Grouped, { ...body, size: 1 })).to.deep.equal({ ...body, size: 1 })
    expect(await bodyTold(Grouped, { size: 1, name: 'b' }, { groups: ['other'] })).to.deep.equal(['/size unknown'])
    expect(await bodyTold(Grouped, { size: 'x', name: 'b' }), 'no group asked for is all rules').to.deep.equal([
      '/role isString',
      '/size isInt',
    ])
  })

  it('lets a class have stricter rules than its parent', async () => {
    class Base {
      @MaxLength(10)
      name!: string
    }
    class Strict extends Base {
      @MaxLength(2)
      override name: string = ''
    }
    expect(await bodyTold(Base, { name: 'abc' })).to.deep.equal({ name: 'abc' })
    expect(await bodyTold(Strict, { name: 'abc' })).to.deep.equal(['/name maxLength'])
  })

  it('lets no object through that a condition leaves unchecked', async () => {
    class Payment {
      @IsString()
      kind!: string

      @ValidateIf(({ kind }: Payment) => kind === 'card')
      @IsString()
      number?: string

      @ValidateIf(({ kind }: Payment) => kind === 'home')
      @Nested(() => Address)
      address?: Address
    }
    const operator = { $gt: '' }
    expect(await bodyTold(Payment, { kind: 'card', number: operator })).to.deep.equal(['/number isString'])
    expect(await bodyTold(Payment, { kind: 'cash', number: operator })).to.deep.equal({ kind: 'cash' })
    expect(await bodyTold(Payment, { kind: 'cash', number: [1] })).to.deep.equal({ kind: 'cash' })
    expect(await bodyTold(Payment, { kind: 'cash', number: 'none' })).to.deep.equal({ kind: 'cash', number: 'none' })
    expect(await bodyTold(Payment, { kind: 'cash', address: { street: 5 } })).to.deep.equal({ kind: 'cash' })
    expect(await bodyTold(Payment, { kind: 'home' })).to.deep.equal(['/address isDefined'])
  })

  it('has what it computes checked, and not written to', async () => {
    class Passwords {
      @IsString()
      first!: string

      @IsString()
      second!: string

      @Matches(/^same$/, { message: 'the passwords differ' })
      get alike(): string {
        return this.first === this.second ? 'same' : 'other'
      }
    }
    expect(await bodyTold(Passwords, { first: 'a', second: 'a' })).to.deep.equal({ first: 'a', second: 'a' })
    expect(await bodyTold(Passwords, { first: 'a', second: 'b' })).to.deep.equal(['/alike matches'])
    expect(await bodyTold(Passwords, { first: 'a', second: 'b', alike: 'same' })).to.deep.equal(['/alike unknown', '/alike matches'])
  })

  it("knows class-transformer's @Type", async () => {
    class Outer {
      @ValidateNested()
      @Type(() => Address)
      address!: Address
    }
    expect(await bodyTold(Outer, { address: { street: 'a', more: 1 } })).to.deep.equal(['/address/more unknown'])
  })

  it('nests by @ValidateNested what class-validator takes: one, a list, lists of lists, nothing; all of it copied', async () => {
    class Outer {
      @ValidateNested({ each: true })
      @Type(() => Address)
      address?: Address | Address[] | Address[][]
    }
    const good = { street: 'a' }
    for (const address of [good, [good], [[good], good], []]) {
      expect(await bodyTold(Outer, { address })).to.deep.equal({ address })
      const made = ((await bodyOf(Outer, { address })) as Outer).address
      for (const one of [made].flat(2)) expect(one).to.be.instanceOf(Address)
    }
    expect(await bodyTold(Outer, {})).to.deep.equal({})
    expect(await bodyTold(Outer, { address: [[good, { ...good, more: 1 }]] })).to.deep.equal(['/address/0/1/more unknown'])
    expect(await bodyTold(Outer, { address: [[{ street: 1 }]] }, { unknown: 'drop' })).to.have.length(2)
    expect(await bodyTold(Outer, { address: [['a'], null] })).to.deep.equal([
      '/address/0/0 nestedValidation',
      '/address/1 nestedValidation',
    ])
  })

  it('leaves out an object whose condition says no, whatever stands in it, and else says all that is wrong there', async () => {
    class Outer {
      @IsString()
      kind!: string

      @ValidateIf(({ kind }: Outer) => kind === 'delivery')
      @Nested(() => Address)
      address?: Address
    }
    const address = { street: 'a', more: 1 }
    expect(await bodyTold(Outer, { kind: 'pickup', address })).to.deep.equal({ kind: 'pickup' })
    expect(await bodyTold(Outer, { address, kind: 'delivery' })).to.deep.equal(['/address/more unknown'])
    expect(await bodyTold(Outer, { kind: 'delivery', address: { street: 'a' } })).to.deep.equal({
      kind: 'delivery',
      address: { street: 'a' },
    })
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`more${index}`, 1]))
    expect(await bodyTold(Outer, { kind: 'delivery', address: many })).to.have.length(20)
    expect(await bodyTold(Outer, { kind: 'pickup', address: many })).to.deep.equal({ kind: 'pickup' })
    class Own {
      @ValidateIf((_: Own, { street }: Address) => street === 'a')
      @Nested(() => Address)
      address?: Address
    }
    expect(await bodyTold(Own, { address: { ...many, street: 'a' } })).to.have.length(20)
    expect(await bodyTold(Own, { address: { ...many, street: 'b' } })).to.deep.equal({})
  })

  it('leaves it out when all has been asked: conditions and rules see what was sent, wherever they stand', async () => {
    const isUnder = (name: string) => ValidateIf((object: Readonly<Record<string, unknown>>) => object[name] !== undefined)
    const hasList = (target: object, property: string) =>
      registerDecorator({
        name: 'hasList',
        async: true,
        target: target.constructor,
        propertyName: property,
        validator: {
          validate: async (_: unknown, args?: ValidationArguments) => {
            await Promise.resolve()
            return (args?.object as Before | undefined)?.list !== undefined
          },
        },
      })
    class Before {
      @IsString()
      kind!: string

      @ValidateIf(({ kind }: Before) => kind === 'x')
      @IsArray()
      list?: unknown[]

      @isUnder('list')
      @IsString()
      name?: string
    }
    class After {
      @isUnder('list')
      @IsString()
      name?: string

      @ValidateIf(({ kind }: After) => kind === 'x')
      @IsArray()
      list?: unknown[]

      @IsString()
      kind!: string
    }
    class Asking extends Before {
      @hasList
      asks!: string
    }
    for (const One of [Before, After]) {
      expect(await bodyTold(One, { kind: 'y', list: [1] })).to.deep.equal(['/name isString'])
      expect(await bodyTold(One, { kind: 'y', list: [1], name: 'a' })).to.deep.equal({ kind: 'y', name: 'a' })
    }
    expect(await bodyTold(Asking, { kind: 'y', list: [1], name: 'a', asks: 'b' })).to.deep.equal({ kind: 'y', name: 'a', asks: 'b' })
  })

  it('refuses what cannot be left out', async () => {
    class Frozen {
      @ValidateIf((object: Frozen) => !Object.isFrozen(Object.freeze(object)))
      @IsArray()
      list?: unknown[]
    }
    expect(await bodyTold(Frozen, { list: [1] })).to.deep.equal(['/list invalid'])
  })

  it('refuses a list that is too long, whatever its condition would say of what is left of it', async () => {
    class Parcel {
      @IsOptional()
      @Nested(() => Address, { each: true })
      stops?: Address[]
    }
    class Outer {
      @IsString()
      kind!: string

      @IsOptional()
      @ValidateIf(({ kind }: Outer) => kind === 'delivery')
      @Nested(() => Address, { each: true })
      addresses?: Address[]

      @ValidateIf((_: Outer, value: unknown) => value !== undefined)
      @Nested(() => Parcel)
      parcel?: Parcel
    }
    const list = Array.from({ length: 4 }, () => ({ street: 'a' }))
    for (const kind of ['delivery', 'pickup']) {
      expect(await bodyTold(Outer, { kind, addresses: list }, { maxItems: 3 })).to.deep.equal(['/addresses arrayMaxSize'])
      expect(await bodyTold(Outer, { kind, parcel: { stops: list } }, { maxItems: 3 })).to.deep.equal(['/parcel/stops arrayMaxSize'])
    }
  })

  it('is asked about again where a setter has written into what was read before', async () => {
    class Writing {
      @IsString()
      name!: string

      @IsString()
      set alias(value: string) {
        Object.assign(this, { name: value.length })
      }

      get alias() {
        return 'alias'
      }
    }
    expect(await bodyTold(Writing, { name: 'a', alias: 'b' })).to.deep.equal(['/name isString'])
    expect(await bodyTold(Writing, { alias: 'b', name: 'a' })).to.deep.equal({ name: 'a' })
  })

  it('refuses what was sent under a name without rules, whatever a setter puts in the place of it before or after', async () => {
    class Replacing {
      @Nested(() => Street)
      address!: Street

      @IsString()
      set street(street: string) {
        this.address = Object.assign(new Street(), { street })
      }

      get street() {
        return this.address.street
      }
    }
    const address = { street: 'a', evil: 1 }
    expect(await bodyTold(Replacing, { address, street: 'b' })).to.deep.equal(['/address/evil unknown'])
    expect(await bodyTold(Replacing, { street: 'b', address })).to.deep.equal(['/address/evil unknown'])
    expect(await bodyTold(Replacing, { address, street: 'b' }, { unknown: 'drop' })).to.deep.equal({ address: { street: 'b' } })
  })

  it('has objects checked that its defaults make, unless others were sent', async () => {
    class One {
      @Nested(() => Street)
      address = new Street()

      @IsInt()
      n!: number
    }
    class Many {
      @Nested(() => Street, { each: true })
      list = [new Street()]
    }
    class Lenient {
      @ValidateNested()
      @Type(() => Street)
      either: unknown = new Set([[new Street()]])
    }
    class Deep {
      @Nested(() => One)
      one = Object.assign(new One(), { n: 1 })
    }
    expect(await bodyTold(One, { n: 1 })).to.deep.equal(['/address/street isString'])
    expect(await bodyTold(One, { n: 1, address: { street: 'a' } })).to.deep.equal({ n: 1, address: { street: 'a' } })
    expect(await bodyTold(Many, {})).to.deep.equal(['/list/0/street isString'])
    expect(await bodyTold(Many, { list: [] })).to.deep.equal({ list: [] })
    expect(await bodyTold(Lenient, {})).to.deep.equal(['/either/0/0/street isString'])
    expect(await bodyTold(Deep, {})).to.deep.equal(['/one/address/street isString'])
    expect(await bodyTold(Deep, { one: { n: 1 } })).to.deep.equal(['/one/address/street isString'])
  })

  it('has objects checked that its setters and getters make, or write into, and lets nothing without rules pass in them', async () => {
    class Setting {
      @IsOptional()
      @Nested(() => Street)
      address?: Street

      @IsOptional()
      @Nested(() => Parcel)
      parcel?: Parcel

      @IsString()
      set raw(street: string) {
        if (this.parcel !== undefined) Object.assign(this.parcel.stops[0]!, { street: Number(street) })
        else this.address = Object.assign(new Street(), { street: street === '5' ? Number(street) : street, evil: 1 })
      }

      get raw() {
        return 'x'
      }
    }
    class Parcel {
      note?: string
      state = 'new'

      @Nested(() => Street, { each: true })
      stops!: Street[]
    }
    class Getting {
      @ValidateNested()
      @Type(() => Street)
      get address() {
        return Object.assign(new Street(), { street: this.n })
      }

      @IsInt()
      n!: number
    }
    expect(await bodyTold(Setting, { raw: '5' })).to.deep.equal(['/address/evil unknown', '/address/street isString'])
    expect(await bodyTold(Setting, { raw: 'a' }, { unknown: 'drop' })).to.deep.equal({ address: { street: 'a' } })
    const parcel = { stops: [{ street: 'a' }] }
    expect(await bodyTold(Setting, { parcel, raw: '5' })).to.deep.equal(['/parcel/stops/0/street isString'])
    expect(await bodyTold(Setting, { raw: 'a', parcel }), 'nothing was written after it').to.deep.equal(['/address/evil unknown'])
    const kept = { parcel: { state: 'new', stops: [{ street: 'a' }] }, address: { street: 'a' } }
    expect(await bodyTold(Setting, { raw: 'a', parcel }, { unknown: 'drop' })).to.deep.equal(kept)
    expect(await bodyTold(Getting, { n: 1 })).to.deep.equal(['/address/street isString'])
  })

  it('counts the elements of lists in lists too', async () => {
    class Table {
      @ValidateNested()
      @Type(() => Address)
      rows!: unknown
    }
    const rowOf = (length: number) => Array.from({ length }, () => ({ street: 'a' }))
    for (const rows of [[rowOf(4)], [rowOf(1), [rowOf(4)]], rowOf(4)]) {
      expect(String(await bodyTold(Table, { rows }, { maxItems: 3 }))).to.include(' arrayMaxSize', JSON.stringify(rows))
    }
    expect(await bodyTold(Table, { rows: [rowOf(3), rowOf(3)] }, { maxItems: 3 })).to.deep.equal({ rows: [rowOf(3), rowOf(3)] })
  })

  it('bounds lists and names that stand in values without rules of their own, however deep', async () => {
    class Raw {
      @IsOptional()
      @IsArray({ each: true })
      rows?: unknown[][]

      @IsOptional()
      @IsObject()
      meta?: object

      @IsOptional()
      @Allow()
      any?: unknown
    }
    const long = Array.from({ length: 4 }, () => 0)
    for (const [name, value] of [
      ['rows', [long]],
      ['rows', [[], [[long]]]],
      ['meta', { a: { b: [{ c: long }] } }],
      ['any', [long]],
    ] as const) {
      expect(await bodyTold(Raw, { [name]: value }, { maxItems: 3 })).to.deep.equal([`/${name} arrayMaxSize`])
      expect(await bodyTold(Raw, { [name]: value }, { maxItems: 4 })).to.deep.equal({ [name]: value })
    }
    expect(await bodyTold(Raw, { rows: [[{ constructor: 1 }]] })).to.equal(400)
  })

  it('may name its properties as members that all objects have', async () => {
    class Named {
      @IsEmail()
      valueOf!: () => never

      @IsOptional()
      @ValidateIf(() => true)
      @Nested(() => Address)
      address?: Address
    }
    const sent = { valueOf: 'a@example.com', address: { street: 'a' } }
    expect(await bodyTold(Named, sent)).to.deep.equal(sent)
  })

  it('says the same every time: sticky expressions do not remember', async () => {
    class Sticky {
      @Matches(/ab/y)
      sticky!: string

      @Matches(/ab/g)
      global!: string
    }
    const { run } = compiled({ body: Sticky })
    for (let round = 0; round < 4; round++) {
      const exchange = exchangeOf()
      exchange.rawBody = { sticky: 'abab', global: 'abab' }
      expect((await run(exchange)).body).to.be.instanceOf(Sticky)
    }
    expect(await bodyTold(Sticky, { sticky: 'xab', global: 'xab' })).to.deep.equal(['/sticky matches'])
  })

  it('may nest itself, though not without an end', async () => {
    class Node {
      @IsOptional()
      @Nested(() => Node)
      next?: Node
    }
    let deep: unknown = {}
    for (let level = 0; level < 5_000; level++) deep = { next: deep }
    expect(await bodyTold(Node, deep)).to.equal(400)
    expect(await bodyTold(Node, { next: { next: {} } })).to.deep.equal({ next: { next: {} } })
  })

  it('has properties named as those that all objects have', async () => {
    class Odd {
      @IsString()
      toString!: () => string

      @IsInt()
      hasOwnProperty!: () => boolean
    }
    expect(await bodyTold(Odd, { toString: 'a', hasOwnProperty: 1 })).to.deep.equal({ toString: 'a', hasOwnProperty: 1 })
    expect(await bodyTold(Odd, {})).to.deep.equal(['/toString isString', '/hasOwnProperty isInt'])
  })
})
