import { expect } from 'chai'
import * as fc from 'fast-check'
import { randomIds } from '../../lib/random-ids.js'
import { maskCardNumbers, passesLuhn } from '../../lib/audit/card-numbers.js'

const digits = (count: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: count, maxLength: count }).map((list) => list.join(''))

/** The check digit, computed the other way round: by trying all ten. */
const complete = (body: string): string => body + '0123456789'.split('').find((digit) => passesLuhn(body + digit))

const cards = fc
  .tuple(fc.constantFrom('4', '51', '2221', '34', '6011', '3528', '62'), fc.constantFrom(13, 14, 15, 16, 17, 18, 19))
  .chain(([prefix, length]) => digits(length - prefix.length - 1).map((rest) => complete(prefix + rest)))

const grouped = (number: string, sizes: readonly number[], separator: string): string => {
  let at = 0
  return sizes
    .map((size) => number.slice(at, (at += size)))
    .filter((group) => group !== '')
    .join(separator)
}

describe('card numbers', () => {
  it('have exactly one check digit', () => {
    fc.assert(
      fc.property(digits(15), (body) => {
        expect('0123456789'.split('').filter((digit) => passesLuhn(body + digit))).to.have.length(1)
      }),
    )
  })

  it('are masked within words and sentences', () => {
    fc.assert(
      fc.property(
        cards,
        fc.constantFrom('', 'card', 'pay with ', 'no 12 '),
        fc.constantFrom('', 'x', ' please', ', 5'),
        (card, before, after) => {
          expect(maskCardNumbers(before + card + after, '*'))
            .to.match(/\*/)
            .and.not.include(card)
        },
      ),
    )
  })

  it('are masked in groups, also beside other numbers', () => {
    const sixteen = fc.tuple(fc.constantFrom('4', '51', '6011'), digits(15)).map(([prefix, rest]) => complete((prefix + rest).slice(0, 15)))
    fc.assert(
      fc.property(
        sixteen,
        fc.constantFrom(' ', '-', '.', '\u00a0', ' - ', '\u2011'),
        fc.constantFrom('', '77 ', '12345 '),
        fc.constantFrom('', ' 9', ' 12345678'),
        (card, separator, before, after) => {
          expect(maskCardNumbers(before + grouped(card, [4, 4, 4, 4], separator) + after, '*'))
            .to.include('*')
            .and.not.include(card.slice(4, 8) + separator + card.slice(8, 12))
        },
      ),
    )
  })

  it('are masked however their digits are grouped, when they stand alone', () => {
    fc.assert(
      fc.property(cards, fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 19, maxLength: 19 }), (card, sizes) => {
        expect(maskCardNumbers(grouped(card, sizes, ' '), '*')).to.equal('*')
      }),
    )
  })

  it('are no other numbers: a wrong check digit stays', () => {
    fc.assert(
      fc.property(cards, fc.integer({ min: 1, max: 9 }), (card, off) => {
        const wrong = card.slice(0, -1) + ((Number(card.at(-1)) + off) % 10)
        expect(maskCardNumbers(wrong, '*')).to.equal(wrong)
      }),
    )
  })

  it('are masked between hexadecimal digits that are no id', () => {
    fc.assert(
      fc.property(cards, fc.constantFrom('', 'a', 'ab'), fc.integer({ min: 1, max: 60 }), (card, before, after) => {
        const text = `${before}${card}${'f'.repeat(after)}`
        fc.pre(text.length !== 32)
        expect(maskCardNumbers(text, '*')).to.equal(`${before}*${'f'.repeat(after)}`)
      }),
    )
  })

  it('are no ids of requests and traces, alone or in a message', () => {
    const ids = randomIds()
    for (let count = 0; count < 50_000; count += 1) {
      const text = `the request ${ids.next()} failed`
      if (maskCardNumbers(text, '*') !== text) expect.fail(text)
    }
  })

  it('are no UUIDs, timestamps, decimals or long ids', () => {
    const uuid = fc.uuid()
    const time = fc.integer({ min: 1_000_000_000_000, max: 1_999_999_999_999 }).map(String)
    const decimal = fc.double({ min: 0, max: 9, noNaN: true }).map(String)
    const long = digits(25)
    fc.assert(
      fc.property(fc.oneof(uuid, time, decimal, long), (text) => {
        expect(maskCardNumbers(text, '*')).to.equal(text)
      }),
      { numRuns: 1_000 },
    )
  })
})
