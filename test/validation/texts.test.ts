import {
  Allow,
  IsArray,
  IsBoolean,
  IsDate,
  IsEnum,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  MaxLength,
  Max,
  Min,
} from 'class-validator'
import { Type } from 'class-transformer'
import { expect } from 'chai'
import fc from 'fast-check'
import type { ApiError } from '../../lib/errors.js'
import { Validate } from '../../lib/validation/decorator.js'
import { compiled, compiledOf, queryOf, queryTold, told } from './route.js'
import { exchangeOf } from '../exchange.js'

enum Level {
  low = 1,
  high = 2,
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

class Id {
  @IsInt()
  id!: number
}

class Tenant {
  @IsString()
  @MaxLength(5)
  'X-Tenant'!: string
}

describe('a query', () => {
  it('turns texts into what the rules ask for', async () => {
    expect(await queryTold(Page, 'page=3&all=true&since=2024-02-29T10:00:00Z&ids=1&ids=2&q=a+b%20c')).to.deep.equal({
      page: 3,
      all: true,
      since: '2024-02-29T10:00:00.000Z',
      ids: [1, 2],
      q: 'a b c',
    })
    expect(await queryTold(Page, 'ids=1')).to.deep.equal({ ids: [1] })
    expect(await queryTold(Page, '')).to.deep.equal({})
    expect(await queryTold(Page, '&&q=&')).to.deep.equal({ q: '' })
  })

  it('finds out what is asked for by the values that are allowed, and by @Type', async () => {
    class Choice {
      @IsOptional()
      @IsIn([10, 20])
      size?: number

      @IsOptional()
      @IsEnum(Level)
      level?: Level

      @IsOptional()
      @IsIn(['1', '2'])
      text?: string

      @IsOptional()
      @Type(() => Number)
      @IsIn([1, 'all'])
      typed?: number | string

      @IsOptional()
      @IsNumber()
      factor?: number
    }
    expect(await queryTold(Choice, 'size=10&level=2&text=1&typed=1&factor=-0.5')).to.deep.equal({
      size: 10,
      level: 2,
      text: '1',
      typed: 1,
      factor: -0.5,
    })
    expect(await queryTold(Choice, 'size=11&level=low&text=3&typed=2&factor=.5')).to.deep.equal([
      '/size isIn',
      '/level isEnum',
      '/text isIn',
      '/typed isIn',
      '/factor isNumber',
    ])
  })

  it('holds lists, bigints and dates, told by @Type alone where no rule tells', async () => {
    class Search {
      @IsOptional()
      @IsString({ each: true })
      tag?: string[]

      @IsOptional()
      @IsBoolean({ each: true })
      flag?: boolean[]

      @IsOptional()
      @IsDate({ each: true })
      day?: Date[]

      @IsOptional()
      @Type(() => BigInt)
      @Allow()
      after?: bigint

      @IsOptional()
      @Type(() => BigInt)
      @IsArray()
      id?: bigint[]

      @IsOptional()
      @Type(() => Number)
      @Allow()
      size?: number

      @IsOptional()
      @Type(() => Date)
      @Allow()
      since?: Date
    }
    const found = (await queryOf(
      Search,
      'tag=a&tag=b&flag=true&flag=false&day=2024-02-29&after=9007199254740993&id=1&id=-2&size=5&since=2024-01-01',
    )) as Search
    expect(Object.assign({}, found)).to.deep.equal({
      tag: ['a', 'b'],
      flag: [true, false],
      day: [new Date('2024-02-29')],
      after: 9007199254740993n,
      id: [1n, -2n],
      size: 5,
      since: new Date('2024-01-01'),
    })
    const refused = 'flag=true&flag=1&day=2024-02-30&after=1.5&id=1&id=x&size=many&since=now'
    expect(await queryTold(Search, refused)).to.deep.equal([
      '/flag/1 isBoolean',
      '/day/0 isDate',
      '/after isBigInt',
      '/id/1 isBigInt',
      '/size isNumber',
      '/since isDate',
    ])
    for (const after of ['01', '-0', '1n', '0x1', '%201', '', '1'.repeat(129)]) {
      expect(await queryTold(Search, `after=${after}`), after).to.deep.equal(['/after isBigInt'])
    }
  })

  it('takes no text for a number that is not plainly one', async () => {
    const texts = [
      '12abc',
      '%2012',
      '12%20',
      '0x10',
      '1e3',
      '',
      '%D9%A1%D9%A2',
      '9007199254740993',
      '%2B1',
      '+1',
      '01',
      '1.5',
      'NaN',
      'Infinity',
    ]
    for (const text of [...texts, '1_0', '1,000', '-', '.', '1.', '٣', '1'.repeat(400), '%00', 'null', 'true']) {
      expect(await queryTold(Page, `page=${text}`), text).to.include('/page isInt')
    }
    for (const text of ['1', 'TRUE', 'yes', '', 'true%20']) expect(await queryTold(Page, `all=${text}`)).to.deep.equal(['/all isBoolean'])
    for (const text of ['2024', '2024-02-30T10:00:00Z', '1', 'now', '2024-1-1', '2024-01-01T10:00:00']) {
      expect(await queryTold(Page, `since=${text}`), text).to.deep.equal(['/since isDate'])
    }
  })

  it('takes every safe integer, as it is written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.maxSafeInteger(), async (id) => {
        expect(await queryTold(Id, `id=${id}`)).to.deep.equal({ id })
      }),
    )
  })

  it('is malformed where one value is declared and two are sent', async () => {
    for (const query of ['page=1&page=2', 'q=&q=', 'q=a&%71=a']) expect(await queryTold(Page, query), query).to.equal(400)
  })

  it('has unknown names refused, or dropped; brackets mean nothing', async () => {
    expect(await queryTold(Page, 'pages=1&pages=2')).to.deep.equal(['/pages unknown'])
    expect(await queryTold(Page, 'page[]=1')).to.deep.equal(['/page[] unknown'])
    expect(await queryTold(Page, 'page[a]=1')).to.deep.equal(['/page[a] unknown'])
    expect(await queryTold(Page, 'page.a=1&Page=1')).to.deep.equal(['/page.a unknown', '/Page unknown'])
    expect(await queryTold(Page, 'page=1&utm=1&utm=2', { unknown: 'drop' })).to.deep.equal({ page: 1 })
  })

  it('is malformed with broken encodings, poison and floods', async () => {
    const poison = ['__proto__=1', 'constructor=1', 'prototype', '%5f_proto__=1', '__proto__']
    for (const query of ['q=%zz', 'q=%ff', 'q=%', '%c0%ae=1', 'q=%ed%a0%80', ...poison, `${'a&'.repeat(1_001)}b`]) {
      expect(await queryTold(Page, query), query.slice(0, 20)).to.equal(400)
    }
  })

  it('gives every text back as it was sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (q) => {
        expect(await queryTold(Page, `q=${encodeURIComponent(q)}`)).to.deep.equal({ q })
      }),
    )
  })

  it('never fails otherwise, whatever is sent', async () => {
    const piece = fc.constantFrom('page', 'q', 'ids', '=', '&', '%', '%41', '+', '[]', '1', 'é', '\ud800', '__proto__')
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const outcome = await queryOf(Page, pieces.join(''))
        expect(outcome instanceof Page || [400, 422].includes((outcome as ApiError).status)).to.equal(true)
      }),
    )
  })
})

describe('a path', () => {
  it('has its parameters converted', async () => {
    const { run } = compiled({ params: Id }, {}, ['id'])
    expect((await run(exchangeOf({ target: { params: { id: '7' } } }))).params).to.deep.equal({ id: 7 })
    const refused = run(exchangeOf({ target: { params: { id: '7x' } } })).catch(told)
    expect(await refused).to.deep.equal(['/id isInt'])
  })

  it('does not start when rules and path speak of different parameters', () => {
    expect(compiled({ params: Id }, {}, ['id']).mistakes).to.deep.equal([])
    expect(compiled({ params: Id }, {}, ['other']).mistakes).to.have.length(2)
  })
})

describe('headers', () => {
  it('are those that are declared, in any case, and no others', async () => {
    const { run } = compiled({ headers: Tenant })
    const headers = { 'x-tenant': 'acme', authorization: 'Bearer x' }
    expect({ ...((await run(exchangeOf({ request: { headers } }))).headers as object) }).to.deep.equal({ 'X-Tenant': 'acme' })
    expect(await run(exchangeOf()).catch(told)).to.deep.equal(['/X-Tenant isString', '/X-Tenant maxLength'].toReversed())
  })
})

describe('the parts of a request', () => {
  it('are refused together, in a fixed order', async () => {
    const { run } = compiled({ query: Page, params: Id, headers: Tenant }, {}, ['id'])
    const refusal = (await run(exchangeOf({ target: { query: 'page=x', params: { id: 'x' } } })).catch(
      (error: unknown) => error,
    )) as ApiError
    expect([...new Set(refusal.errors?.map((one) => one.in))]).to.deep.equal(['headers', 'params', 'query'])
  })

  it('are let through together or not at all', async () => {
    const exchange = exchangeOf({ target: { query: 'page=x', params: { id: '1' } } })
    await compiled({ query: Page, params: Id }, {}, ['id'])
      .run(exchange)
      .catch(() => undefined)
    expect(exchange.provided('params')).to.equal(undefined)
  })

  it('have the rules that are declared nearest, each for itself', () => {
    @Validate({ headers: Tenant, query: Page })
    class Controller {
      @Validate({ query: Id })
      method() {}
    }
    class Overriding extends Controller {
      @Validate({ query: Page })
      override method() {}
    }
    expect(compiledOf(Controller).facts).to.deep.equal({ validates: { query: 'Id', headers: 'Tenant' } })
    expect(compiledOf(Overriding).facts).to.deep.equal({ validates: { query: 'Page', headers: 'Tenant' } })
  })
})
