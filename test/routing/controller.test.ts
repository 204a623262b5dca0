import { expect } from 'chai'
import { controllerFactory } from '../../lib/routing/controller.js'
import type { ServiceToken, Services } from '../../lib/routing/controller.js'

class Store {
  readonly name = 'store'
}

class Orders {
  constructor(readonly store: Store) {}
}

function services(registered: ReadonlyMap<ServiceToken, unknown>): Services {
  return { isRegistered: (token) => registered.has(token), resolve: (token) => registered.get(token) }
}

describe('how a controller is made', () => {
  const store = new Store()

  it('by its factory, and by the tokens it names', () => {
    const container = services(new Map<ServiceToken, unknown>([[Store, store]]))
    expect(controllerFactory(Orders, { inject: [Store] })(container)).to.deep.equal(new Orders(store))
    expect(controllerFactory(Orders, { factory: (own) => new Orders(own.resolve(Store) as Store) })(container)).to.deep.equal(
      new Orders(store),
    )
  })

  it('by its own registration', () => {
    const registered = new Orders(store)
    expect(controllerFactory(Orders, {})(services(new Map([[Orders, registered]])))).to.equal(registered)
  })

  it('by the types that a compiler emitted, where it emits them', () => {
    class Emitted {
      constructor(readonly store: Store) {}
    }
    Reflect.defineMetadata('design:paramtypes', [Store], Emitted)
    const container = services(new Map<ServiceToken, unknown>([[Store, store]]))
    expect(controllerFactory(Emitted, {})(container)).to.deep.equal(new Emitted(store))
  })

  it('with nothing, where it needs nothing', () => {
    expect(controllerFactory(Store, {})(services(new Map()))).to.be.instanceOf(Store)
  })

  it('not at all, where nothing says what it needs', () => {
    expect(() => controllerFactory(Orders, {})(services(new Map()))).to.throw(TypeError, 'takes 1 argument')
  })
})
