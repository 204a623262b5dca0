import { expect } from 'chai'
import { Users } from '../../examples/orders/users.js'

describe('the users of the orders API', () => {
  let users: Users

  before(async () => {
    users = await Users.demo()
  })

  it('are known by name and password together', async () => {
    expect(await users.withPassword('dave', 'dave-demo-password')).to.deep.equal({ id: 'dave', roles: ['viewer'] })
    for (const [name, password] of [
      ['dave', 'alice-demo-password'],
      ['Dave', 'dave-demo-password'],
      ['nobody', ''],
      ['', ''],
      ['__proto__', ''],
    ] as const) {
      expect(await users.withPassword(name, password), name).to.equal(undefined)
    }
  })

  it('take as long to be unknown as to give a wrong password', async () => {
    const timeOf = async (name: string) => {
      const before = performance.now()
      await users.withPassword(name, 'wrong')
      return performance.now() - before
    }
    // In turns, and the quickest of each: a busy machine slows both alike. Without the work, one would take no time at all.
    const [known, unknown]: [number[], number[]] = [[], []]
    for (let count = 0; count < 8; count++) {
      known.push(await timeOf('alice'))
      unknown.push(await timeOf('nobody'))
    }
    expect(Math.min(...unknown) / Math.min(...known)).to.be.within(0.4, 2.5)
  })

  it('are listed without a trace of a password', () => {
    expect(users.all().map(({ id }) => id)).to.deep.equal(['alice', 'bob', 'carol', 'dave'])
    for (const user of users.all()) expect(Object.keys(user)).to.deep.equal(['id', 'roles'])
  })
})
