import { expect } from 'chai'
import * as fc from 'fast-check'
import { allOf, anyOf, not, policy } from '../../lib/authorization/access-policy.js'
import type { AccessPolicy } from '../../lib/authorization/access-policy.js'
import { Authorize, objectAccess } from '../../lib/authorization/object-access.js'
import { auditing } from '../../lib/audit/audit.js'
import { ApiError } from '../../lib/errors.js'
import { KeptLog, routeOf } from '../audit/fake-exchange.js'
import { exchangeOf, take } from '../exchange.js'

const context = exchangeOf()
const { principal } = context

interface Order {
  readonly owner: string
  readonly isOpen: boolean
}

const isOwner = policy('order.owner', (_, order: Order) => order.owner === 'alice')
const isOpen = policy('order.open', async (_, order: Order) => order.isOpen)
const mine = { owner: 'alice', isOpen: true }
const closed = { owner: 'alice', isOpen: false }
const theirs = { owner: 'bob', isOpen: true }
const reasonOf = async (one: AccessPolicy<Order>, order: Order) => (await one.decide(principal, order, context)).reason

describe('a policy', () => {
  it('decides by its rule, and says by which', async () => {
    expect([await isOwner(principal, mine, context), await isOwner(principal, theirs, context)]).to.deep.equal([true, false])
    expect(await reasonOf(isOwner, mine)).to.equal('allowed by order.owner')
    expect(await reasonOf(isOwner, theirs)).to.equal('refused by order.owner')
  })

  it('is combined with all, any and not, and names the part that settled it', async () => {
    const mayChange = allOf(isOwner, isOpen)
    expect(await reasonOf(mayChange, mine)).to.equal('allowed by all(order.owner, order.open)')
    expect(await reasonOf(mayChange, closed)).to.equal('refused by all(order.owner, order.open): order.open')
    expect(await reasonOf(anyOf(isOwner, isOpen), theirs)).to.equal('allowed by any(order.owner, order.open): order.open')
    expect(await reasonOf(anyOf(isOwner, not(isOpen)), theirs)).to.equal('refused by any(order.owner, not(order.open))')
  })

  it('means what the logic of its words means, however they are combined', async () => {
    const { tree } = fc.letrec<{ tree: [AccessPolicy<Order>, boolean] }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.boolean().map((verdict): [AccessPolicy<Order>, boolean] => [policy('leaf', () => verdict), verdict]),
        tie('tree').map(([one, verdict]): [AccessPolicy<Order>, boolean] => [not(one), !verdict]),
        fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((parts): [AccessPolicy<Order>, boolean] => {
          return [allOf(...parts.map(([one]) => one)), parts.every(([, verdict]) => verdict)]
        }),
        fc.array(tie('tree'), { maxLength: 3 }).map((parts): [AccessPolicy<Order>, boolean] => {
          return [anyOf(...parts.map(([one]) => one)), parts.some(([, verdict]) => verdict)]
        }),
      ),
    }))
    await fc.assert(
      fc.asyncProperty(tree, async ([one, verdict]) => void expect(await one(principal, mine, context)).to.equal(verdict)),
      { numRuns: 200 },
    )
  })

  it('of no parts refuses, all too', async () => {
    expect([await allOf()(principal, mine, context), await anyOf()(principal, mine, context)]).to.deep.equal([false, false])
  })

  it('lets nobody in where its rule throws or forgets to answer, under a not either', async () => {
    const forgetful = policy<Order>('forgetful', (() => undefined) as never)
    const broken = policy<Order>('broken', () => {
      throw new Error('broken')
    })
    for (const one of [forgetful, broken, not(forgetful), not(broken), anyOf(broken, isOwner)]) {
      expect(await Promise.resolve(one(principal, mine, context)).catch((thrown: unknown) => thrown)).to.be.instanceOf(Error)
    }
  })

  it('has a name that records can hold', () => {
    for (const name of ['', 'a b', 'x'.repeat(65), 'a\nb']) expect(() => policy(name, () => true), name).to.throw(TypeError)
  })
})

describe('@Authorize with policies', () => {
  class Orders {
    @Authorize(() => theirs, isOwner)
    refused() {}

    @Authorize(() => mine, allOf(isOwner, isOpen))
    allowed() {}

    @Authorize(() => theirs, isOwner, { mode: 'observe' })
    observed() {}

    @Authorize(() => theirs, () => false, { mode: 'observe' })
    observedPlain() {}

    @Authorize(() => undefined, isOwner, { mode: 'observe' })
    absent() {}
  }

  /** How a request ends, and what its record says. */
  async function outcome(member: string) {
    const log = new KeptLog()
    const route = routeOf(Orders, member)
    const exchange = exchangeOf()
    const step = objectAccess({ instanceOf: () => () => new Orders() }).compile(route)
    let status = 200
    try {
      await take(step, exchange)
    } catch (thrown) {
      exchange.refusal = thrown as ApiError
      status = exchange.refusal.status
    }
    auditing({}, log).compile(route)(exchange, status)
    const { reason, decisions, event } = log.records[0]!
    return { status, reason, decisions, event, told: exchange.refusal?.message }
  }

  it('tells the record why, and the client nothing', async () => {
    expect(await outcome('refused')).to.deep.equal({
      ...{ status: 404, reason: 'object-denied, refused by order.owner', decisions: undefined, event: 'authz_fail' },
      told: 'There is nothing here.',
    })
    expect(await outcome('allowed')).to.deep.include({ status: 200, decisions: ['allowed by all(order.owner, order.open)'] })
  })

  it('observes a rule: lets through what it refuses, and records it', async () => {
    expect(await outcome('observed')).to.deep.include({ status: 200, decisions: ['observed: refused by order.owner'], event: 'authz_fail' })
    expect(await outcome('observedPlain')).to.deep.include({ status: 200, decisions: ['observed: refused'] })
    expect(await outcome('absent')).to.include({ status: 404 })
    const facts = routeOf(Orders, 'observed')
    objectAccess({ instanceOf: () => () => new Orders() }).compile(facts)
    expect(facts.described.get('observed')).to.equal(true)
  })
})
