import { IsArray, IsBoolean, IsDate, IsEnum, IsInt, IsOptional, IsString, Min } from 'class-validator'
import { expect } from 'chai'
import fc from 'fast-check'
import { z } from 'zod'
import { Consumes } from '../../lib/body/body.js'
import { parseForm } from '../../lib/body/form.js'
import type { Class } from '../../lib/decorator.js'
import { Controller, Post, Public } from '../../lib/index.js'
import type { Context } from '../../lib/index.js'
import { testApi } from '../../lib/testing.js'
import { Validate } from '../../lib/validation/decorator.js'
import type { ValidateOptions, ValidatedParts } from '../../lib/validation/decorator.js'
import { Nested } from '../../lib/validation/nested.js'
import { compiledOf, queryOf, told } from './route.js'
import { exchangeOf } from '../exchange.js'

enum Level {
  low = 1,
  high = 2,
}

class Booking {
  @IsInt()
  @Min(1)
  nights!: number

  @IsOptional()
  @IsBoolean()
  breakfast?: boolean

  @IsOptional()
  @IsDate()
  from?: Date

  @IsOptional()
  @IsArray()
  @IsInt({ each: true })
  rooms?: number[]

  @IsOptional()
  @IsEnum(Level)
  level?: Level

  @IsOptional()
  @IsString()
  note?: string
}

function formRoute(rules: ValidatedParts['body'], options: ValidateOptions = {}): Class {
  class Forms {
    method() {}
  }
  Consumes('form')(Forms)
  ;(Validate({ body: rules! }, options) as (target: Class) => void)(Forms)
  return Forms
}

/** What a form becomes, be it as it is read here or as a parser of the host has left it. */
async function formOf(form: unknown, rules: ValidatedParts['body'] = Booking, options: ValidateOptions = {}): Promise<unknown> {
  const exchange = exchangeOf()
  exchange.rawBody = typeof form === 'string' ? parseForm(form) : form
  return compiledOf(formRoute(rules, options))
    .run(exchange)
    .then(
      ({ body }) => body,
      (error: unknown) => error,
    )
}

const formTold = async (...given: Parameters<typeof formOf>) => told(await formOf(...given))

describe('a form', () => {
  it('has its texts converted to what the rules ask for, strictly', async () => {
    const all = 'nights=2&breakfast=true&from=2026-11-25T10:00:00Z&rooms=7&rooms=8&level=2&note=7'
    const booking = await formOf(all)
    expect(booking).to.be.instanceOf(Booking)
    const from = new Date('2026-11-25T10:00:00Z')
    expect(Object.assign({}, booking)).to.deep.equal({ nights: 2, breakfast: true, from, rooms: [7, 8], level: 2, note: '7' })
    expect(await formTold('nights=2&rooms=7')).to.deep.equal({ nights: 2, rooms: [7] })
    for (const wrong of ['', '2x', '0x10', '1e3', ' 2', '02'])
      expect(await formTold(`nights=${encodeURIComponent(wrong)}`), wrong).to.include('/nights isInt')
    expect(await formTold('nights=2&breakfast=on')).to.deep.equal(['/breakfast isBoolean'])
    expect(await formTold('nights=2&level=low')).to.deep.equal(['/level isEnum'])
    expect(await formTold('nights=2&rooms=7&rooms=x')).to.deep.equal(['/rooms/1 isInt'])
    expect(await formTold('nights=0&other=1')).to.have.members(['/nights min', '/other unknown'])
  })

  it('bears one value where one is declared: of two, readers would take either', async () => {
    expect(await formTold('nights=1&nights=2')).to.deep.equal(['/nights min', '/nights isInt'])
    expect(await formTold('nights=1&note=a&note=b')).to.deep.equal(['/note isString'])
  })

  it('is the same where a parser of the host has read it; what that has nested stays for the rules to refuse', async () => {
    expect(await formTold({ nights: '2', breakfast: 'false', rooms: ['7', '8'] })).to.deep.equal({
      nights: 2,
      breakfast: false,
      rooms: [7, 8],
    })
    expect(await formTold({ nights: { a: '2' } })).to.deep.equal(['/nights min', '/nights isInt'])
    expect(await formTold({ nights: '2', rooms: { 0: '7' } })).to.deep.equal(['/rooms/0 isInt'])
    expect(await formTold({ nights: '2', rooms: [['7']] })).to.deep.equal(['/rooms/0 isInt'])
    expect(await formTold(['nights'])).to.deep.equal([' isObject'])
    expect(await formTold(undefined)).to.deep.equal([' required'])
  })

  it('means what a query of the same text means, where no name comes twice', async () => {
    const texts = fc.oneof(fc.constantFrom('1', '-0', '2.50', 'true', '2026-11-25', '9007199254740993'), fc.string({ maxLength: 5 }))
    const names = ['nights', 'breakfast', 'from', 'rooms', 'level', 'note', 'other']
    const fields = fc.uniqueArray(fc.tuple(fc.constantFrom(...names), texts), { selector: ([name]) => name })
    await fc.assert(
      fc.asyncProperty(fields, async (pairs) => {
        const text = String(new URLSearchParams(Object.fromEntries(pairs)))
        expect(await formTold(text)).to.deep.equal(told(await queryOf(Booking, text)))
      }),
      { numRuns: 300 },
    )
  })

  it('comes to a schema as texts', async () => {
    const schema = z.object({ a: z.string(), b: z.array(z.string()) })
    expect(await formTold('a=1&b=2&b=3', schema)).to.deep.equal({ a: '1', b: ['2', '3'] })
    expect(await formTold({ a: '1', b: ['2'] }, schema)).to.deep.equal({ a: '1', b: ['2'] })
  })

  it('nests nothing, which start-up says', () => {
    class Stay {
      @Nested(() => Booking)
      booking!: Booking
    }
    const mend = 'give the property a rule for texts, numbers, booleans or dates'
    expect(compiledOf(formRoute(Stay)).mistakes).to.deep.equal([`Stay.booking nests an object, which only JSON can hold: ${mend}`])
  })

  it('reaches the handler converted, over a whole API', async () => {
    @Controller('/bookings')
    @Public()
    class Bookings {
      @Post('/')
      @Consumes('form')
      @Validate({ body: Booking })
      add({ body }: Context<{ body: Booking }>) {
        return { nights: body.nights + 1 }
      }
    }
    const { inject } = testApi({ controllers: [Bookings] })
    const { status, body } = await inject({ method: 'POST', path: '/bookings', body: new URLSearchParams({ nights: '2' }) })
    expect(`${status} ${body}`).to.equal('200 {"nights":3}')
  })
})
