import { AbilityBuilder, createMongoAbility, subject } from '@casl/ability'
import { newEnforcer, newModelFromString, StringAdapter } from 'casbin'
import { expect } from 'chai'
import { anyOf, anonymous, casbinPolicies, caslPolicies, not } from '../../lib/index.js'
import type { Principal } from '../../lib/index.js'
import { exchangeOf } from '../exchange.js'

interface Order {
  readonly id: string
  readonly owner: string
  readonly isPaid: boolean
}

const order: Order = { id: 'o1', owner: 'alice', isPaid: false }
const callerOf = (id: string, permissions: readonly string[] = []): Principal => ({
  ...{ ...anonymous, kind: 'user', id },
  permissions: new Set(permissions),
})

describe('the bridge to CASL', () => {
  const may = caslPolicies({
    subject,
    abilityOf({ id, permissions }) {
      const { can, cannot, build } = new AbilityBuilder(createMongoAbility)
      can('update', 'Order', { owner: id })
      cannot('update', 'Order', { isPaid: true })
      if (permissions.has('orders:read-all')) can('read', 'Order')
      return build()
    },
  })
  const decide = (principal: Principal, action: string, about: Order = order) =>
    may<Order>(action, 'Order').decide(principal, about, exchangeOf())

  it('decides as the ability does, with its action as the reason', async () => {
    expect(await decide(callerOf('alice'), 'update')).to.deep.equal({ isAllowed: true, reason: 'allowed by casl.update.Order' })
    expect(await decide(callerOf('bob'), 'update')).to.deep.equal({ isAllowed: false, reason: 'refused by casl.update.Order' })
    expect((await decide(callerOf('alice'), 'update', { ...order, isPaid: true })).isAllowed).to.equal(false)
    expect((await decide(callerOf('bob'), 'read')).isAllowed).to.equal(false)
    expect((await decide(callerOf('bob', ['orders:read-all']), 'read')).isAllowed).to.equal(true)
    expect((await decide(callerOf('alice'), 'delete')).isAllowed).to.equal(false)
  })

  it('leaves the object as it was, and combines', async () => {
    const frozen = Object.freeze({ ...order })
    const either = anyOf(may<Order>('read', 'Order'), not(may<Order>('update', 'Order')))
    expect((await either.decide(callerOf('alice'), frozen, exchangeOf())).isAllowed).to.equal(false)
    expect((await either.decide(callerOf('bob'), frozen, exchangeOf())).reason).to.equal(
      'allowed by any(casl.read.Order, not(casl.update.Order)): not(casl.update.Order)',
    )
    expect(Reflect.ownKeys(frozen)).to.deep.equal(['id', 'owner', 'isPaid'])
  })
})

describe('the bridge to casbin', () => {
  const model = `
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
`
  it('decides as the enforcer does, about the object that is named', async () => {
    const enforcer = await newEnforcer(newModelFromString(model), new StringAdapter('p, clerk, o1, update\ng, alice, clerk'))
    const may = casbinPolicies(enforcer)
    const decide = (id: string, about: Order) => may<Order>('update', ({ id: own }) => own).decide(callerOf(id), about, exchangeOf())
    expect(await decide('alice', order)).to.deep.equal({ isAllowed: true, reason: 'allowed by casbin.update' })
    expect(await decide('bob', order)).to.deep.equal({ isAllowed: false, reason: 'refused by casbin.update' })
    expect((await decide('alice', { ...order, id: 'o2' })).isAllowed).to.equal(false)
  })

  it('asks what the model asks', async () => {
    const asked: unknown[] = []
    const enforcer = { enforce: async (...request: unknown[]) => asked.push(request) > 0 }
    const may = casbinPolicies(enforcer, ({ id, claims }, object, action) => [id, claims['tenant'], object, action])
    await may<Order>('read', ({ id }) => id).decide({ ...callerOf('alice'), claims: { tenant: 'acme' } }, order, exchangeOf())
    expect(asked).to.deep.equal([['alice', 'acme', 'o1', 'read']])
  })
})
