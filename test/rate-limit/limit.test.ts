import { expect } from 'chai'
import * as fc from 'fast-check'
import { formatLimit, LimitSyntaxError, parseLimits, RateLimit } from '../../lib/rate-limit/rate-limit.js'
import { shortWindow } from '../../lib/rate-limit/limit.js'

const day = 86_400_000
const lengths = new Map(
  Object.entries({ second: 1_000, minute: 60_000, hour: 3_600_000, day, week: 7 * day, month: 30 * day, year: 365 * day }).flatMap(
    ([name, length]) => [[name, length] as const, [`${name}s`, length] as const],
  ),
)
for (const [letter, length] of Object.entries({ s: 1_000, m: 60_000, h: 3_600_000, d: day, w: 7 * day })) lengths.set(letter, length)

const space = fc.constantFrom('', ' ', '  ', '\t')
const cased = (text: string) => fc.boolean().map((isUpper) => (isUpper ? text.toUpperCase() : text))

/** A limit in one of its many spellings, with what it means. */
const spelling = fc
  .record({
    count: fc.integer({ min: 1, max: 10 ** 9 }),
    per: fc.constantFrom(' per ', '/', ' / ', 'per ', '\tper\t', '/ ').chain(cased),
    multiple: fc.option(fc.integer({ min: 1, max: 99 }), { nil: undefined }),
    gap: space,
    unit: fc.constantFrom(...lengths.keys()),
    around: fc.tuple(space, space),
  })
  .chain(({ unit, ...rest }) => cased(unit).map((spelt) => ({ ...rest, unit, spelt })))
  .map(({ count, per, multiple, gap, unit, spelt, around }) => ({
    text: `${around[0]}${count}${per}${multiple === undefined ? '' : `${multiple}${gap}`}${spelt}${around[1]}`,
    limit: { count, window: (multiple ?? 1) * (lengths.get(unit) ?? 0) },
  }))

function failure(text: string): LimitSyntaxError {
  try {
    parseLimits(text)
  } catch (error) {
    expect(error).to.be.instanceOf(LimitSyntaxError)
    return error as LimitSyntaxError
  }
  throw new Error(`${JSON.stringify(text)} was read`)
}

describe('the grammar of limits', () => {
  it('reads every spelling of one limit', () => {
    fc.assert(fc.property(spelling, ({ text, limit }) => void expect(parseLimits(text)).to.deep.equal([limit])))
  })

  it('reads lists, with any of their separators, in their order', () => {
    const list = fc.uniqueArray(spelling, { selector: ({ limit }) => limit.window, minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(list, fc.infiniteStream(fc.constantFrom(',', ';', '|')), (items, separators) => {
        const text = items.map((item) => item.text).reduce((all, item) => `${all}${separators.next().value as string}${item}`)
        expect(parseLimits(text)).to.deep.equal(items.map(({ limit }) => limit))
      }),
    )
  })

  it('reads back what it writes', () => {
    const limit = fc.record({
      count: fc.integer({ min: 1, max: 999_999_999_999_999 }),
      window: fc.integer({ min: 1, max: 100 * 365 * 86_400 }).map((seconds) => seconds * 1_000),
    })
    fc.assert(
      fc.property(limit, (one) => {
        expect(parseLimits(formatLimit(one))).to.deep.equal([one])
        expect(parseLimits(`1/${shortWindow(one.window)}`)[0]?.window).to.equal(one.window)
      }),
    )
  })

  it('writes the largest unit that fits', () => {
    const texts = ['10 per second', '5 per 2 hours', '1 per 3 days', '7 per week', '2 per month', '9 per year', '3 per 90 minutes']
    expect(texts.flatMap(parseLimits).map(formatLimit)).to.deep.equal(texts)
  })

  const malformed: ReadonlyArray<readonly [text: string, position: number, problem: RegExp]> = [
    ['', 0, /no limit here/],
    ['   ', 3, /no limit here/],
    [';', 0, /no limit here/],
    ['10/s,', 5, /no limit here/],
    ['10/s, ,5/m', 6, /no limit here/],
    ['10/s;;5/m', 5, /no limit here/],
    ['ten per second', 0, /"ten" is not a number of calls/],
    ['-1 per second', 0, /"-" is not/],
    ['0 per second', 0, /cannot be 0/],
    ['10/s; 00/m', 6, /cannot be 0/],
    ['010 per second', 0, /leading zeros/],
    ['9007199254740993 per second', 0, /cannot be over/],
    ['1.5 per second', 1, /"\." stands where/],
    ['1e3 per second', 1, /"e" stands where/],
    ['10', 2, /the end stands where/],
    ['10 second', 3, /"second" stands where/],
    ['10 persecond', 3, /"persecond" stands where/],
    ['10 per', 6, /the end is no unit/],
    ['10 per secnd', 7, /"secnd" is no unit/],
    ['10 per ms', 7, /"ms" is no unit/],
    ['10 per constructor', 7, /no unit/],
    ['10 per 0 hours', 7, /cannot be 0/],
    ['10 per 02 hours', 7, /leading zeros/],
    ['10 per 2', 8, /the end is no unit/],
    ['10 per 2 2 hours', 9, /"2" is no unit/],
    ['10 per 101 years', 7, /longer than 100 years/],
    ['10 per 99999999999999999999 s', 7, /cannot be over/],
    ['10 per second 5 per minute', 14, /"5"/],
    ['10 per second and more', 14, /"and"/],
    ['10/s 😀', 5, /"😀"/],
    ['10/minute; 20 per 60 seconds', 11, /another limit per minute/],
    ['1/d|2/d', 4, /another limit per day/],
    ['１０ per second', 0, /not a number/],
  ]
  for (const [text, position, problem] of malformed) {
    it(`refuses ${JSON.stringify(text)} at ${position}`, () => {
      const error = failure(text)
      expect(error.problem).to.match(problem)
      expect(error.position).to.equal(position)
      expect(error.message)
        .to.include(`column ${position + 1}`)
        .and.include(error.mend)
    })
  }

  it('refuses all other texts with a position inside them', () => {
    const noise = fc.string({
      unit: fc.constantFrom('1', '0', '10', ' ', '/', 'per', 's', 'hours', 'x', ',', ';', '|', '-', '\n', 'é', '😀'),
    })
    fc.assert(
      fc.property(fc.oneof(noise, fc.string({ unit: 'binary' })), (text) => {
        try {
          for (const { count, window } of parseLimits(text)) {
            expect(count).to.satisfy(Number.isSafeInteger).and.be.at.least(1)
            expect(window % 1_000).to.equal(0)
            expect(window).to.be.within(1_000, 100 * 365 * day)
          }
        } catch (error) {
          if (!(error instanceof LimitSyntaxError)) throw error
          expect(error.position).to.be.within(0, text.length)
          expect(error.mend).to.not.equal('')
        }
      }),
      { numRuns: 500 },
    )
  })

  it('refuses a limit in which one character is replaced by a sign that belongs nowhere', () => {
    fc.assert(
      fc.property(spelling, fc.nat(), fc.constantFrom('#', '?', '.', '\0', '+'), ({ text }, at, put) => {
        const place = at % text.length
        const mutant = text.slice(0, place) + put + text.slice(place + 1)
        expect(failure(mutant).position).to.be.within(0, mutant.length)
      }),
    )
  })

  it('takes misspelt literals for what they are at compile time', () => {
    const decorators = [
      RateLimit('10 per second'),
      RateLimit('100/minute'),
      RateLimit('5 per 2 hours'),
      RateLimit('1/3 days'),
      RateLimit('10/s'),
      RateLimit('10 per 5m'),
      RateLimit('100 per minute; 1000 per hour'),
      RateLimit(parseLimits(`${decoratorsWanted} per second`)),
      // @ts-expect-error: no such unit
      RateLimit('10 per secnd'),
      // @ts-expect-error: no such word
      RateLimit('10 pro second'),
      // @ts-expect-error: no number
      RateLimit('ten per second'),
      // @ts-expect-error: the first of a list
      RateLimit('10 per secnd; 100 per hour'),
      // @ts-expect-error: any text at all has to be parsed
      RateLimit(process.env['LIMIT'] ?? ''),
    ]
    expect(decorators).to.have.length(decoratorsWanted)
  })
})

const decoratorsWanted = 13
