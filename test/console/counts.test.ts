import { expect } from 'chai'
import fc from 'fast-check'
import { NotFound, TooManyRequests, InternalError } from '../../lib/errors.js'
import type { ApiError } from '../../lib/errors.js'
import { Counts, minutesKept } from '../../lib/console/counts.js'

const minute = 60_000
const route = { name: 'Orders.list', method: 'GET', path: '/orders' }
const refused = (reason: string) => new NotFound(undefined, { reason })

function countsAt(start: number) {
  const clock = { at: start, now: () => clock.at }
  const counts = new Counts(clock, ({ name }) => name.startsWith('SecurityConsole.'))
  const settle = (refusal?: ApiError, status = refusal?.status ?? 200, of = route) =>
    counts.requestSettled({ route: of }, { status, refusal })
  return { clock, counts, settle }
}

describe('the counts of the console', () => {
  it('count each request in its minute, as let through, refused or failed', () => {
    const { clock, counts, settle } = countsAt(100 * minute)
    settle()
    settle(refused('gone'))
    clock.at += 2 * minute
    settle(new InternalError(new Error('broken')))
    const { since, requests, refused: no, failed } = counts.series()
    expect(since).to.equal((102 - 59) * minute)
    expect([requests, no, failed].map((numbers) => numbers.slice(-3))).to.deep.equal([
      [2, 0, 1],
      [1, 0, 0],
      [0, 0, 1],
    ])
    expect(counts.routes().get('GET /orders')).to.deep.equal({ requests: 3, refused: 1, failed: 1 })
  })

  it('forget what is an hour old, and nothing before', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 30 * minute }), { maxLength: 40 }), (steps) => {
        const { clock, counts, settle } = countsAt(1_000 * minute)
        const times: number[] = []
        for (const step of steps) {
          clock.at += step
          times.push(Math.floor(clock.at / minute))
          settle()
        }
        const oldest = Math.floor(clock.at / minute) - minutesKept + 1
        const kept = times.filter((time) => time >= oldest)
        const expected = Array.from({ length: minutesKept }, (_, index) => kept.filter((time) => time === oldest + index).length)
        expect(counts.series().requests).to.deep.equal(expected)
      }),
    )
  })

  it('rank reasons, and keep what strangers make up within bounds', () => {
    const { counts, settle } = countsAt(100 * minute)
    for (let number = 0; number < 5_000; number += 1) settle(refused(`made-up-${number}`))
    settle(refused('made-up-7'))
    const reasons = counts.reasons()
    expect(reasons).to.have.length(21)
    expect(reasons[0]).to.deep.include({ reason: 'made-up-7', total: 2 })
    expect(reasons.at(-1)?.reason).to.equal('other')
    expect(reasons.reduce((sum, { total }) => sum + total, 0)).to.equal(5_001)
  })

  it('tell which limits refused, and which penalties', () => {
    const { counts, settle } = countsAt(100 * minute)
    for (const reason of ['rate-limit login', 'rate-limit login', 'rate-limit-penalty login', 'concurrency 5']) {
      settle(new TooManyRequests(1, { reason }))
    }
    expect(counts.limits()).to.deep.equal([
      { route: 'GET /orders', limit: 'login', refused: 2, last: 100 * minute },
      { route: 'GET /orders', limit: 'penalty login', refused: 1, last: 100 * minute },
    ])
  })

  it('leave the console itself out', () => {
    const { counts, settle } = countsAt(100 * minute)
    settle(undefined, 200, { name: 'SecurityConsole.state', method: 'GET', path: '/console/state' })
    expect(counts.series().requests.at(-1)).to.equal(0)
    expect(counts.routes().size).to.equal(0)
  })
})
