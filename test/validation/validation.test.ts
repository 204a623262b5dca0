import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsDate,
  IsEmail,
  IsInt,
  IsNotEmptyObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
  registerDecorator,
  validateSync,
} from 'class-validator'
import { Type } from 'class-transformer'
import { expect } from 'chai'
import * as fc from 'fast-check'
import * as v from 'valibot'
import { z } from 'zod'
import type { Class } from '../../lib/decorator.js'
import { ApiError } from '../../lib/errors.js'
import type { Exchange } from '../../lib/exchange.js'
import { policyOf } from '../../lib/policy.js'
import { Validate } from '../../lib/validation/decorator.js'
import { Nested } from '../../lib/validation/nested.js'
import { bodyValidation, inputValidation } from '../../lib/validation/validation.js'
import { exchangeOf } from '../exchange.js'

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

class Page {
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  page?: number

  @IsOptional()
  @IsBoolean()
  all?: boolean

  @IsOptional()
  @IsDate()
  since?: Date

  @IsOptional()
  @IsArray()
  @IsInt({ each: true })
  ids?: number[]

  @IsOptional()
  @IsString()
  q?: string
}

type Parts = Parameters<typeof Validate>[0]
type Options = Parameters<typeof Validate>[1]

function compiled(parts: Parts, options: Options = {}, params: readonly string[] = []) {
  class Controller {
    method() {}
  }
  ;(Validate(parts, options) as (target: Class) => void)(Controller)
  return compiledOf(Controller, params)
}

function compiledOf(controller: Class, params: readonly string[] = []) {
  const mistakes: string[] = []
  const facts: Record<string, unknown> = {}
  const setup = {
    policy: policyOf(controller, 'method'),
    name: 'Controller.method',
    method: 'POST',
    path: `/${params.map((name) => `:${name}`).join('/')}`,
    params,
    mistake: (problem: string, mend: string) => void mistakes.push(`${problem}: ${mend}`),
    describe: (name: string, value: unknown) => {
      facts[name] = value
    },
  }
  const steps = [inputValidation().compile(setup), bodyValidation().compile(setup)]
  const run = async (exchange: Exchange) => {
    for (const step of steps) await step?.(exchange)
    return exchange
  }
  return { mistakes, facts, run }
}

/** What becomes of a body: what the handler gets, or the status and the paths and codes that are answered. */
async function bodyOutcome(rules: Parts['body'], rawBody: unknown, options: Options = {}): Promise<unknown> {
  const exchange = exchangeOf()
  exchange.rawBody = rawBody
  return outcome(compiled({ body: rules! }, options).run(exchange), (passed) => passed.body)
}

async function queryOutcome(query: string, rules: Parts['query'] = Page): Promise<unknown> {
  return outcome(compiled({ query: rules }).run(exchangeOf({ target: { query } })), (passed) => passed.query)
}

async function outcome(running: Promise<Exchange>, read: (exchange: Exchange) => unknown): Promise<unknown> {
  try {
    return JSON.parse(JSON.stringify(read(await running))) as unknown
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return error.errors === undefined ? error.status : error.errors.map(({ path, code }) => `${path} ${code}`)
  }
}

const good = { code: 'AB', address: { street: 'Main' } }

describe('validation of a body', () => {
  it('gives instances of the classes, at every depth', async () => {
    const exchange = exchangeOf()
    exchange.rawBody = { ...good, items: [{ qty: 1 }] }
    const body = (await compiled({ body: Order }).run(exchange)).body as Order
    expect(body).to.be.instanceOf(Order)
    expect(body.address).to.be.instanceOf(Address)
    expect(body.items?.[0]).to.be.instanceOf(Item)
  })

  it('refuses unknown properties at every depth, with the path to each', async () => {
    expect(await bodyOutcome(Order, { ...good, owner_id: 'me' })).to.deep.equal(['/owner_id unknown'])
    expect(
      await bodyOutcome(Order, { ...good, address: { street: 'a', zip: 1 }, items: [{ qty: 1 }, { qty: 1, 'a/b~c': 1 }] }),
    ).to.deep.equal(['/address/zip unknown', '/items/1/a~1b~0c unknown'])
    expect(await bodyOutcome(Order, { ...good, toString: 1, __defineGetter__: 1 })).to.have.length(2)
  })

  it('drops them where that is wanted, and never hands them on', async () => {
    expect(await bodyOutcome(Order, { ...good, owner_id: 'me' }, { unknown: 'drop' })).to.deep.equal(good)
  })

  it('says what is wrong, where', async () => {
    expect(await bodyOutcome(Order, { code: 'abc', address: { street: 'a'.repeat(11) }, items: [{ qty: 0 }] })).to.deep.equal([
      '/code matches',
      '/address/street maxLength',
      '/items/0/qty min',
    ])
  })

  it('requires nested objects, and lists where lists are declared', async () => {
    expect(await bodyOutcome(Order, { code: 'AB' })).to.deep.equal(['/address isDefined'])
    for (const address of [null, 'text', 5, [], [{ street: 'a' }]]) {
      expect(await bodyOutcome(Order, { code: 'AB', address }), JSON.stringify(address)).to.deep.equal(['/address isObject'])
    }
    expect(await bodyOutcome(Order, { ...good, items: { 0: { qty: 1 }, length: 1 } })).to.deep.equal(['/items isArray'])
    expect(await bodyOutcome(Order, { ...good, items: [[{ qty: 1 }]] })).to.deep.equal(['/items/0 isObject'])
    expect(await bodyOutcome(Order, { ...good, items: null })).to.deep.equal({ ...good, items: null })
  })

  it('refuses what is no object, and nothing at all', async () => {
    for (const body of [null, [], 'text', 1, true]) expect(await bodyOutcome(Order, body)).to.deep.equal([' isObject'])
    expect(await bodyOutcome(Order, undefined)).to.deep.equal([' isDefined'])
  })

  it('ends on objects that are nested without an end', async () => {
    class Node {
      @IsOptional()
      @Nested(() => Node)
      next?: Node
    }
    let deep: unknown = {}
    for (let level = 0; level < 5_000; level++) deep = { next: deep }
    expect(await bodyOutcome(Node, deep))
      .to.be.an('array')
      .with.length(1)
    expect(await bodyOutcome(Node, { next: { next: {} } })).to.deep.equal({ next: { next: {} } })
  })

  it('tells at most twenty things', async () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`p${index}`, 1]))
    expect(await bodyOutcome(Order, { ...good, ...many })).to.have.length(20)
  })

  it('takes a validator that throws for a no', async () => {
    class Mail {
      @IsEmail()
      mail!: string

      @IsOptional()
      @IsNotEmptyObject()
      extra?: object
    }
    expect(await bodyOutcome(Mail, { mail: '\ud800@example.com' })).to.deep.equal(['/mail invalid'])
    expect(await bodyOutcome(Mail, { mail: 'a@example.com', extra: JSON.parse('{"hasOwnProperty":1}') as object })).to.be.an('array')
    expect(await bodyOutcome(Mail, { mail: 'a@example.com' })).to.deep.equal({ mail: 'a@example.com' })
  })

  it('waits for validators that answer later, whatever they say of themselves', async () => {
    const later = (verdict: () => Promise<boolean>, async: boolean) => (target: object, propertyName: string) =>
      registerDecorator({
        name: 'isFree',
        target: target.constructor,
        propertyName,
        async,
        validator: { validate: verdict, defaultMessage: () => 'taken' },
      })
    for (const declared of [true, false]) {
      class Free {
        @later(async () => true, declared)
        name!: string
      }
      class Taken {
        @later(async () => false, declared)
        name!: string
      }
      class Broken {
        @later(() => Promise.reject(new Error('no database')), declared)
        name!: string
      }
      class Outer {
        @Nested(() => Taken)
        inner!: Taken
      }
      expect(await bodyOutcome(Free, { name: 'a' })).to.deep.equal({ name: 'a' })
      expect(await bodyOutcome(Taken, { name: 'a' })).to.deep.equal(['/name isFree'])
      expect(await bodyOutcome(Broken, { name: 'a' })).to.deep.equal(['/name invalid'])
      expect(await bodyOutcome(Outer, { inner: { name: 'a' } })).to.deep.equal(['/inner/name isFree'])
    }
  })

  it('knows groups, and the rules of parent classes', async () => {
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
    expect(await bodyOutcome(Grouped, { role: 'a', name: 'b' }, { groups: ['admin'] })).to.deep.equal({ role: 'a', name: 'b' })
    expect(await bodyOutcome(Grouped, { size: 1, name: 'b' }, { groups: ['other'] })).to.deep.equal(['/size unknown'])
    expect(await bodyOutcome(Grouped, { size: 'x', role: 'a', name: 'b' })).to.deep.equal(['/size isInt'])
  })

  it("knows class-transformer's @Type", async () => {
    class Outer {
      @ValidateNested()
      @Type(() => Address)
      address!: Address
    }
    expect(await bodyOutcome(Outer, { address: { street: 'a', more: 1 } })).to.deep.equal(['/address/more unknown'])
  })

  it('accepts nothing that class-validator, told to refuse unknown properties, would refuse', async () => {
    const json = fc.jsonValue({ maxDepth: 3 })
    const near = fc.record(
      {
        code: fc.oneof(fc.constant('AB'), json),
        address: fc.oneof(fc.record({ street: fc.oneof(fc.constant('a'), json) }), json),
        extra: json,
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(near, async (body) => {
        const accepted = !Array.isArray(await bodyOutcome(Order, body))
        if (!accepted) return
        const reference = Object.assign(new Order(), body, { address: Object.assign(new Address(), body.address) })
        expect(validateSync(reference, { whitelist: true, forbidNonWhitelisted: true })).to.deep.equal([])
      }),
    )
  })
})

describe('validation of a query', () => {
  it('turns texts into what the rules ask for', async () => {
    expect(await queryOutcome('page=3&all=true&since=2024-02-29T10:00:00Z&ids=1&ids=2&q=a+b%20c')).to.deep.equal({
      page: 3,
      all: true,
      since: '2024-02-29T10:00:00.000Z',
      ids: [1, 2],
      q: 'a b c',
    })
    expect(await queryOutcome('ids=1')).to.deep.equal({ ids: [1] })
    expect(await queryOutcome('')).to.deep.equal({})
  })

  it('takes no text for a number that is not plainly one', async () => {
    for (const text of [
      '12abc',
      '%2012',
      '0x10',
      '1e3',
      '',
      '%D9%A1%D9%A2',
      '9007199254740993',
      '+1',
      '01',
      '-0',
      '1.5',
      'NaN',
      'Infinity',
      '1_0',
    ]) {
      expect(await queryOutcome(`page=${text}`), text).to.include('/page isInt')
    }
    for (const text of ['1', 'TRUE', 'yes', '']) expect(await queryOutcome(`all=${text}`)).to.deep.equal(['/all isBoolean'])
    for (const text of ['2024', '2024-02-30T10:00:00Z', '1', 'now', '2024-1-1'])
      expect(await queryOutcome(`since=${text}`), text).to.be.an('array')
  })

  it('refuses a name twice where one value is declared, and unknown names', async () => {
    expect(await queryOutcome('page=1&page=2')).to.equal(400)
    expect(await queryOutcome('pages=1')).to.deep.equal(['/pages unknown'])
    expect(await queryOutcome('page[]=1')).to.deep.equal(['/page[] unknown'])
    expect(await queryOutcome('page[a]=1')).to.deep.equal(['/page[a] unknown'])
  })

  it('refuses broken encodings, poison and floods', async () => {
    for (const query of ['q=%zz', 'q=%ff', 'q=%', '__proto__=1', 'constructor=1', '%5f_proto__=1', `${'a&'.repeat(1_001)}b`]) {
      expect(await queryOutcome(query), query.slice(0, 20)).to.equal(400)
    }
  })

  it('gives every text back as it was sent', async () => {
    const text = fc.string({ unit: 'grapheme' })
    await fc.assert(
      fc.asyncProperty(text, async (q) => {
        expect(await queryOutcome(`q=${encodeURIComponent(q)}`)).to.deep.equal({ q })
      }),
    )
  })
})

describe('validation of path and headers', () => {
  class Id {
    @IsInt()
    id!: number
  }
  class Tenant {
    @IsString()
    @MaxLength(5)
    'X-Tenant'!: string
  }

  it('converts path parameters', async () => {
    const { run } = compiled({ params: Id }, {}, ['id'])
    expect((await run(exchangeOf({ target: { params: { id: '7' } } }))).params).to.deep.equal({ id: 7 })
    expect(await outcome(run(exchangeOf({ target: { params: { id: '7x' } } })), (passed) => passed.params)).to.deep.equal(['/id isInt'])
  })

  it('takes the headers that are declared, in any case, and no others', async () => {
    const { run } = compiled({ headers: Tenant })
    const headers = { 'x-tenant': 'acme', authorization: 'Bearer x' }
    expect({ ...((await run(exchangeOf({ request: { headers } }))).headers as object) }).to.deep.equal({ 'X-Tenant': 'acme' })
    expect(await outcome(run(exchangeOf()), (passed) => passed.headers)).to.be.an('array')
  })

  it('does not start when rules and path speak of different parameters', () => {
    expect(compiled({ params: Id }, {}, ['id']).mistakes).to.deep.equal([])
    expect(compiled({ params: Id }, {}, ['other']).mistakes).to.have.length(2)
  })

  it('lets the nearest declaration win, for each part', async () => {
    @Validate({ headers: Tenant, query: Page })
    class Controller {
      @Validate({ query: Id })
      method() {}
    }
    const { facts } = compiledOf(Controller)
    expect(facts).to.deep.equal({ validates: { query: 'Id', headers: 'Tenant' } })
  })
})

describe('what does not start', () => {
  it('is a class without rules, a nested property without a class, and no rules at all', () => {
    class Empty {
      name!: string
    }
    class Vague {
      @ValidateNested()
      inner!: object
    }
    class Demanding {
      @IsInt()
      size: number
      constructor(parts: { size: number }) {
        this.size = parts.size
      }
    }
    expect(compiled({ body: Empty }).mistakes[0]).to.contain('Empty has no rules')
    expect(compiled({ body: Vague }).mistakes[0]).to.contain('@Nested(() => Inner)')
    expect(compiled({ body: Demanding }).mistakes[0]).to.contain('without arguments')
    expect(compiled({ body: 'text' as never }).mistakes[0]).to.contain('is given no rules')
  })
})

describe('a Standard Schema', () => {
  it('of zod or valibot checks and converts, with paths', async () => {
    const inZod = z.strictObject({ code: z.string().regex(/^[A-Z]{2}$/), items: z.array(z.object({ qty: z.number() })) })
    const inValibot = v.strictObject({ code: v.pipe(v.string(), v.regex(/^[A-Z]{2}$/)), items: v.array(v.object({ qty: v.number() })) })
    for (const schema of [inZod, inValibot]) {
      expect(await bodyOutcome(schema, { code: 'AB', items: [] })).to.deep.equal({ code: 'AB', items: [] })
      const refused = (await bodyOutcome(schema, { code: 'AB', items: [{ qty: 'x' }] })) as string[]
      expect(refused[0]).to.match(/^\/items\/0\/qty /)
    }
    expect(await queryOutcome('page=3', z.object({ page: z.coerce.number() }))).to.deep.equal({ page: 3 })
  })

  it('may answer later, and says no when it throws, rejects, or names no issue', async () => {
    const schema = (validate: (value: unknown) => unknown) => ({ '~standard': { version: 1, vendor: 'test', validate } }) as never
    expect(
      await bodyOutcome(
        schema(async (value) => ({ value })),
        { a: 1 },
      ),
    ).to.deep.equal({ a: 1 })
    for (const validate of [
      () => {
        throw new Error('no')
      },
      () => Promise.reject(new Error('no')),
      () => ({ issues: [] }),
      async () => ({ issues: [] }),
    ]) {
      expect(await bodyOutcome(schema(validate), {})).to.deep.equal([' invalid'])
    }
  })
})
