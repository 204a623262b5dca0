import { expect } from 'chai'
import { Expose, Visible } from '../../lib/returns/returns.js'
import { propertiesOf } from '../../lib/returns/view.js'

class Inner {
  @Expose() name!: string
}

class Parent {
  @Expose() id!: string
  @Expose() shown!: string
  hidden!: string
}

class Child extends Parent {
  @Expose(() => [Inner]) inner!: readonly Inner[]
  @Visible('a') @Expose() guarded!: string
  @Expose(() => Inner) override shown = 'another'
  @Expose() get twice() {
    return 2
  }
}

describe('what a class exposes, compiled for either protocol', () => {
  it('is what it and its parents say, the class itself last', () => {
    const exposed = new Map(propertiesOf(Child).map(({ name, permissions, view }) => [name, { permissions, view }]))
    expect([...exposed.keys()].slice(0, 2)).to.deep.equal(['id', 'shown'])
    expect([...exposed.keys()].toSorted()).to.deep.equal(['guarded', 'id', 'inner', 'shown', 'twice'])
    expect(exposed.get('shown')).to.deep.equal({ permissions: [], view: Inner })
    expect(exposed.get('inner')).to.deep.equal({ permissions: [], view: [Inner] })
    expect(exposed.get('guarded')).to.deep.equal({ permissions: ['a'], view: undefined })
    expect(propertiesOf(Parent).map(({ name }) => name)).to.deep.equal(['id', 'shown'])
  })
})
