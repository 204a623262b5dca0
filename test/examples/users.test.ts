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
    const quickest = async (name: string) => {
      const times: number[] = []
      for (let count = 0; count < 5; count++) {
        const before = performance.now()
        await users.withPassword(name, 'wrong')
        times.push(performance.now() - before)
      }
      return Math.min(...times)
    }
    const [known, unknown] = [await quickest('alice'), await quickest('nobody')]
    expect(unknown / known).to.be.within(0.5, 2)
  })

  it('are listed without a trace of a password', () => {
    expect(users.all().map(({ id }) => id)).to.deep.equal(['alice', 'bob', 'carol', 'dave'])
    for (const user of users.all()) expect(Object.keys(user)).to.deep.equal(['id', 'roles'])
  })
})
