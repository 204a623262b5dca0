import { expect } from 'chai'
import fc from 'fast-check'
import { newTrace, readTraceparent, readTracestate } from '../lib/traceparent.js'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const zeros = (count: number) => '0'.repeat(count)

describe('a traceparent', () => {
  for (const [why, header, isSampled] of [
    ['sampled', `00-${traceId}-${spanId}-01`, true],
    ['not sampled', `00-${traceId}-${spanId}-00`, false],
    ['with the random flag alone', `00-${traceId}-${spanId}-02`, false],
    ['with flags that nobody knows', `00-${traceId}-${spanId}-ff`, true],
    ['of a version to come', `cc-${traceId}-${spanId}-01`, true],
    ['of a version to come, with a further field', `cc-${traceId}-${spanId}-01-of-tomorrow`, true],
    ['behind white space', ` \t00-${traceId}-${spanId}-01`, true],
    ['before white space', `00-${traceId}-${spanId}-01\t `, true],
  ] as const) {
    it(`is continued: ${why}`, () => {
      expect(readTraceparent(header)).to.deep.equal({ traceId, spanId, isSampled, isRemote: true })
    })
  }

  for (const [why, header] of [
    ['empty', ''],
    ['without flags', `00-${traceId}-${spanId}`],
    ['of version ff', `ff-${traceId}-${spanId}-01`],
    ['of a version that is none', `.0-${traceId}-${spanId}-01`],
    ['of a version in one digit', `0-${traceId}-${spanId}-01`],
    ['of a version in three digits', `000-${traceId}-${spanId}-01`],
    ['of version 00 with more behind it', `00-${traceId}-${spanId}-01.`],
    ['of version 00 with a further field', `00-${traceId}-${spanId}-01-more`],
    ['of version 00 with an empty further field', `00-${traceId}-${spanId}-01-`],
    ['of a version to come, whose further field is not parted from the flags', `cc-${traceId}-${spanId}-01.more`],
    ['with a trace id of zeros', `00-${zeros(32)}-${spanId}-01`],
    ['with a trace id that is too short', `00-${traceId.slice(1)}-${spanId}-01`],
    ['with a trace id that is too long', `00-${traceId}0-${spanId}-01`],
    ['with a sign in the trace id', `00-.${traceId.slice(1)}-${spanId}-01`],
    ['with upper case in the trace id', `00-${traceId.toUpperCase()}-${spanId}-01`],
    ['with upper case in the span id', `00-${traceId}-${spanId.toUpperCase()}-01`],
    ['with a span id of zeros', `00-${traceId}-${zeros(16)}-01`],
    ['with a span id that is too short', `00-${traceId}-${spanId.slice(1)}-01`],
    ['with a span id that is too long', `00-${traceId}-${spanId}0-01`],
    ['with a sign in the flags', `00-${traceId}-${spanId}-.0`],
    ['with flags in one digit', `00-${traceId}-${spanId}-1`],
    ['with flags in three digits', `00-${traceId}-${spanId}-001`],
    ['sent twice, as node:http joins it', `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`],
    ['with white space inside', `00- ${traceId}-${spanId}-01`],
    ['of a version to come, and endless', `cc-${traceId}-${spanId}-01-${'x'.repeat(1_000)}`],
  ] as const) {
    it(`is none: ${why}`, () => {
      expect(readTraceparent(header)).to.equal(undefined)
    })
  }

  it('is none where it was sent twice, and where it was not sent', () => {
    const one = `00-${traceId}-${spanId}-01`
    expect(readTraceparent([one, one])).to.equal(undefined)
    expect(readTraceparent(undefined)).to.equal(undefined)
  })

  it('is read in no time, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('0', 'a', '-', ' ', '\t', 'f'), maxLength: 600 }), (header) => {
        const read = readTraceparent(header)
        if (read !== undefined) expect(header).to.contain(`-${read.traceId}-${read.spanId}-`)
      }),
    )
  })

  it('that begins here has an id of its own each time', () => {
    const ids = new Set(Array.from({ length: 100 }, () => newTrace().traceId))
    expect(ids.size).to.equal(100)
    for (const id of ids) expect(id).to.match(/^[\da-f]{32}$/)
  })
})

describe('a tracestate', () => {
  it('is passed on without empty members and white space', () => {
    expect(readTracestate('congo=t61rcWkgMzE, ,rojo=00f067aa0ba902b7\t')).to.equal('congo=t61rcWkgMzE,rojo=00f067aa0ba902b7')
    expect(readTracestate(['a=1', 'b=2'])).to.equal('a=1,b=2')
    expect(readTracestate('fw529a3039@dt=FfD;x y=1')).to.equal(undefined)
    expect(readTracestate('fw529a3039@dt=FfD;x y')).to.equal('fw529a3039@dt=FfD;x y')
  })

  for (const [why, header] of [
    ['nothing', ''],
    ['white space', ' ,\t'],
    ['a member without a value', 'a'],
    ['an empty value', 'a='],
    ['an empty key', '=1'],
    ['a key in upper case', 'A=1'],
    ['a value with a sign of equality', 'a=1=2'],
    ['a value beyond ASCII', 'a=é'],
    ['two members of one key', 'a=1,a=2'],
    ['a key that is too long', `${'a'.repeat(257)}=1`],
    ['a value that is too long', `a=${'1'.repeat(257)}`],
    ['33 members', Array.from({ length: 33 }, (_, index) => `k${index}=1`).join(',')],
    ['more than anybody reads', `a=1${','.repeat(9_000)}`],
  ] as const) {
    it(`is dropped whole: ${why}`, () => {
      expect(readTracestate(header)).to.equal(undefined)
    })
  }

  it('is shortened by its longest members, then from its end', () => {
    const long = `long=${'x'.repeat(200)}`
    const short = Array.from({ length: 30 }, (_, index) => `k${index}=${'y'.repeat(20)}`)
    const kept = readTracestate([long, ...short].join(',')) ?? ''
    expect(kept.length).to.be.within(480, 512)
    expect(kept.startsWith(`${short[0]},${short[1]}`)).to.equal(true)
    expect(readTracestate([long, ...short.slice(0, 4)].join(','))).to.contain(long)
  })
})
