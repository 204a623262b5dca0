import { Allow, ArrayMaxSize, IsArray, IsDate, IsInt, IsOptional, IsString, Matches, MaxLength, Min } from 'class-validator'
import { expect } from 'chai'
import type { ApiError } from '../../lib/errors.js'
import { Nested } from '../../lib/validation/nested.js'
import { bodyOf, bodyTold } from './route.js'

class Address {
  @IsString()
  @MaxLength(10)
  street!: string
}

class Item {
  @IsInt()
  @Min(1)
  qty!: number
}

class Order {
  @Matches(/^[A-Z]{2}$/)
  code!: string

  @Nested(() => Address)
  address!: Address

  @IsOptional()
  @Nested(() => Item, { each: true })
  @ArrayMaxSize(3)
  items?: Item[]
}

const good = { code: 'AB', address: { street: 'Main' } }
const parsed = (json: string) => JSON.parse(json) as unknown

describe('a body', () => {
  it('becomes instances of the classes, at every depth', async () => {
    const body = (await bodyOf(Order, { ...good, items: [{ qty: 1 }] })) as Order
    expect(body).to.be.instanceOf(Order)
    expect(body.address).to.be.instanceOf(Address)
    expect(body.items?.[0]).to.be.instanceOf(Item)
  })

  it('is refused with unknown properties at every depth, with the path to each', async () => {
    expect(await bodyTold(Order, { ...good, owner_id: 'me' })).to.deep.equal(['/owner_id unknown'])
    const deep = { ...good, address: { street: 'a', zip: 1 }, items: [{ qty: 1 }, { qty: 1, 'a/b~c': 1 }] }
    expect(await bodyTold(Order, deep)).to.deep.equal(['/address/zip unknown', '/items/1/a~1b~0c unknown'])
    expect(await bodyTold(Order, { ...good, toString: 1, __defineGetter__: 1, hasOwnProperty: 1 })).to.have.length(3)
  })

  it('loses unknown properties at every depth where that is wanted', async () => {
    const body = { code: 'AB', address: { street: 'Main', zip: 1 }, items: [{ qty: 1, price: 0 }], owner_id: 'me' }
    expect(await bodyTold(Order, body, { unknown: 'drop' })).to.deep.equal({ ...good, items: [{ qty: 1 }] })
  })

  it('is malformed with a name that means something to JavaScript, wherever it stands', async () => {
    class Open {
      @Allow()
      anything: unknown

      @IsOptional()
      @Nested(() => Address)
      address?: Address
    }
    for (const name of ['__proto__', 'constructor', 'prototype']) {
      const poison = `{"${name}":{"isAdmin":true}}`
      for (const unknown of ['refuse', 'drop'] as const) {
        expect(await bodyTold(Open, parsed(poison), { unknown }), name).to.equal(400)
        expect(await bodyTold(Open, parsed(`{"anything":[1,{"deep":${poison}}]}`), { unknown }), name).to.equal(400)
        expect(await bodyTold(Open, parsed(`{"anything":1,"address":${poison}}`), { unknown }), name).to.equal(400)
      }
    }
    expect(({} as { isAdmin?: boolean }).isAdmin).to.equal(undefined)
  })

  it('is told what is wrong, where', async () => {
    const body = { code: 'abc', address: { street: 'a'.repeat(11) }, items: [{ qty: 0 }], more: 1 }
    expect(await bodyTold(Order, body)).to.deep.equal(['/more unknown', '/code matches', '/address/street maxLength', '/items/0/qty min'])
  })

  it('holds nested objects, and lists where lists are declared', async () => {
    expect(await bodyTold(Order, { code: 'AB' })).to.deep.equal(['/address isDefined'])
    for (const address of [null, 'text', 5, [], [{ street: 'a' }]]) {
      expect(await bodyTold(Order, { code: 'AB', address }), JSON.stringify(address)).to.deep.equal(['/address isObject'])
    }
    for (const items of [{ 0: { qty: 1 }, length: 1 }, { qty: 1 }, 'text', 1]) {
      expect(await bodyTold(Order, { ...good, items })).to.deep.equal(['/items isArray'])
    }
    for (const item of [[{ qty: 1 }], null, 1]) {
      expect(await bodyTold(Order, { ...good, items: [item] })).to.deep.equal(['/items/0 isObject'])
    }
    expect(await bodyTold(Order, { ...good, items: null })).to.deep.equal({ ...good, items: null })
    expect(await bodyTold(Order, { ...good, items: [] })).to.deep.equal({ ...good, items: [] })
  })

  it('may hold one value where rules are about each, as class-validator has it, and no list where @IsArray says so too', async () => {
    class Loose {
      @IsString({ each: true })
      tags!: string[] | string
    }
    class Tags {
      @IsArray()
      @IsString({ each: true })
      tags!: string[]
    }
    expect(await bodyTold(Loose, { tags: 'a' })).to.deep.equal({ tags: 'a' })
    expect(await bodyTold(Tags, { tags: 'a' })).to.deep.equal(['/tags isArray'])
    expect(await bodyTold(Tags, {})).to.deep.equal(['/tags isString', '/tags isArray'])
    expect(await bodyTold(Tags, { tags: ['a', 1, 2] })).to.deep.equal(['/tags/1 isString'])
    expect(await bodyTold(Tags, { tags: ['a'] })).to.deep.equal({ tags: ['a'] })
  })

  it('holds no list longer than is allowed, whatever it is a list of', async () => {
    class Lists {
      @IsOptional()
      @IsArray()
      any?: unknown[]

      @IsOptional()
      @IsString({ each: true })
      texts?: string[]

      @IsOptional()
      @Nested(() => Item, { each: true })
      items?: Item[]
    }
    const bodies = { any: [1, 2, 3], texts: ['a', 'b', 'c'], items: [{ qty: 1 }, { qty: 1 }, { qty: 1 }] }
    for (const [name, list] of Object.entries(bodies)) {
      expect(await bodyTold(Lists, { [name]: list }, { maxItems: 3 })).to.deep.equal({ [name]: list })
      expect(await bodyTold(Lists, { [name]: list }, { maxItems: 2 }), name).to.deep.equal([`/${name} arrayMaxSize`])
      expect(await bodyTold(Lists, { [name]: Array.from({ length: 10_001 }, () => list[0]) }), name).to.deep.equal([
        `/${name} arrayMaxSize`,
      ])
    }
  })

  it('costs little where it is a flood of lists', async () => {
    const started = performance.now()
    for (const items of [Array.from({ length: 5_000 }, () => []), Array.from({ length: 5_000 }, () => [[{ qty: 1 }]])]) {
      expect(await bodyTold(Order, { ...good, items })).to.have.length.within(1, 20)
    }
    expect(performance.now() - started).to.be.below(200)
  })

  it('is an object, and is there', async () => {
    for (const body of [null, [], 'text', 1, true]) expect(await bodyTold(Order, body)).to.deep.equal([' isObject'])
    expect(await bodyTold(Order, undefined)).to.deep.equal([' required'])
  })

  it('is told at most twenty things, and nothing long', async () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`p${index}${'x'.repeat(1_000)}`, 1]))
    const { errors } = (await bodyOf(Order, { ...good, ...many })) as ApiError
    expect(errors).to.have.length(20)
    expect(JSON.stringify(errors)).to.have.length.below(4_000)
    expect(await bodyTold(Order, { ...good, items: Array.from({ length: 1_000 }, () => ({})) })).to.have.length(20)
  })

  it('is told nothing that could rewrite a log or a terminal', async () => {
    class Echo {
      @MaxLength(1, { message: '$value is too long: $value' })
      name!: string
    }
    const nasty = '\r\n\u001b[2J\u202e\u2028\u0000\u007f\u0085'
    expect(JSON.stringify(((await bodyOf(Order, { ...good, [nasty]: 1 })) as ApiError).errors)).to.match(/^[ -~]*$/)
    const { errors } = (await bodyOf(Echo, { name: `${nasty}$property$\`$&${'a'.repeat(100_000)}` })) as ApiError
    expect(errors?.[0]?.message)
      .to.match(/^[ -~…]{1,301}$/)
      .and.to.contain('$property$`$&')
  })

  it('turns texts into dates, for JSON has none', async () => {
    class Period {
      @IsDate()
      from!: Date

      @IsOptional()
      @IsDate({ each: true })
      days?: Date[]
    }
    const period = (await bodyOf(Period, { from: '2024-02-29T10:00:00+02:00', days: ['2024-01-01'] })) as Period
    expect(period.from.toISOString()).to.equal('2024-02-29T08:00:00.000Z')
    expect(period.days?.[0]).to.be.instanceOf(Date)
    for (const from of ['2024-02-30', '2024', 'now', 1709200800000, '2024-02-29T10:00:00', {}, null]) {
      expect(await bodyTold(Period, { from }), JSON.stringify(from)).to.deep.equal(['/from isDate'])
    }
    const times = ['24:00:00Z', '23:59:60Z', '10:00Z', '10:60:00Z', '10:00:00+24:00', '10:00:00+02:60', '10:00:00.Z', '10:00:00+0200']
    for (const time of times) expect(await bodyTold(Period, { from: `2020-01-01T${time}` }), time).to.deep.equal(['/from isDate'])
    for (const time of ['00:00:00Z', '23:59:59.999999999Z', '23:59:59-23:59', '00:00:00-00:00']) {
      expect(await bodyOf(Period, { from: `2020-01-01T${time}` }), time).to.be.instanceOf(Period)
    }
    expect(await bodyTold(Period, { from: '2024-01-01', days: ['2024-01-01', 'x'] })).to.deep.equal(['/days/1 isDate'])
  })

  it('holds no number that JavaScript cannot hold', async () => {
    class Numbers {
      @IsInt()
      whole!: number

      @Min(0)
      any!: number
    }
    expect(await bodyTold(Numbers, parsed('{"whole":9007199254740993,"any":1e400}'))).to.deep.equal(['/whole isInt', '/any min'])
    expect(await bodyTold(Numbers, { whole: Number.MAX_SAFE_INTEGER, any: 1e300 })).to.deep.equal({
      whole: Number.MAX_SAFE_INTEGER,
      any: 1e300,
    })
  })
})
