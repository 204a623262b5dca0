import { expect } from 'chai'
import * as fc from 'fast-check'
import { OutgoingBytes } from '../../lib/audit/outgoing-bytes.js'

type Act = { readonly add: string } | { readonly wrote: number; readonly areKept: boolean } | 'forget' | 'rewind'

const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom('\ud800', 'a\udc00b'),
  // Of one, two and three bytes for each unit, larger than what there is room for.
  fc.tuple(fc.constantFrom('x', 'é', '€', '😀'), fc.integer({ min: 1, max: 90_000 })).map(([unit, count]) => unit.repeat(count)),
)
const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.oneof(
    texts.map((add) => ({ add })),
    fc.record({ wrote: fc.double({ min: 0, max: 1, noNaN: true }), areKept: fc.boolean() }),
    fc.constantFrom('forget' as const, 'rewind' as const),
  ),
  { maxLength: 30 },
)

describe('bytes on their way to a disk', () => {
  it('are those of the texts, each in its turn, and again where they are wanted again', () => {
    fc.assert(
      fc.property(acts, (all) => {
        const outgoing = new OutgoingBytes()
        let kept = Buffer.alloc(0)
        let waiting = Buffer.alloc(0)
        for (const act of all) {
          if (act === 'forget') {
            outgoing.forget()
            kept = Buffer.alloc(0)
          } else if (act === 'rewind') {
            outgoing.rewind()
            waiting = Buffer.concat([kept, waiting])
            kept = Buffer.alloc(0)
          } else if ('add' in act) {
            outgoing.add(act.add)
            waiting = Buffer.concat([waiting, Buffer.from(act.add)])
          } else {
            const count = Math.floor(waiting.length * act.wrote)
            outgoing.wrote(count, act.areKept)
            kept = act.areKept ? Buffer.concat([kept, waiting.subarray(0, count)]) : Buffer.alloc(0)
            waiting = waiting.subarray(count)
          }
          expect([outgoing.kept, outgoing.unwritten]).to.deep.equal([kept.length, waiting.length])
          expect(outgoing.next().equals(waiting)).to.equal(true)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('take no more memory for long than they need', () => {
    const outgoing = new OutgoingBytes()
    outgoing.add('x'.repeat(20_000_000))
    expect(outgoing.next().buffer.byteLength).to.be.above(20_000_000)
    outgoing.wrote(outgoing.unwritten, true)
    outgoing.forget()
    outgoing.add('x')
    expect(outgoing.next().buffer.byteLength).to.be.below(1_000_000)
    const { buffer } = outgoing.next()
    for (let batch = 0; batch < 100; batch++) {
      outgoing.add('x'.repeat(60_000))
      outgoing.wrote(outgoing.unwritten, false)
    }
    outgoing.add('x')
    expect(outgoing.next().buffer).to.equal(buffer)
  })
})
