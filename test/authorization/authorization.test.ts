import { expect } from 'chai'
import * as fc from 'fast-check'
import { challengesOf } from '../../lib/authentication/challenges.js'
import { anonymous } from '../../lib/context.js'
import type { Identity, Principal } from '../../lib/context.js'
import { access, isPublic } from '../../lib/authorization/authorization.js'
import { Authorize, objectAccess } from '../../lib/authorization/object-access.js'
import { claimsAndRoles, definePermissions, defineRoles, principalBuilder } from '../../lib/authorization/permissions.js'
import { Authenticated, Public, RequirePermission, RequireRole, RequireScope } from '../../lib/authorization/requirements.js'
import type { Class } from '../../lib/decorator.js'
import { ApiError } from '../../lib/errors.js'
import type { Exchange } from '../../lib/exchange.js'
import { policyOf } from '../../lib/policy.js'
import type { Protection, Step } from '../../lib/protection.js'
import { exchangeOf, take } from '../exchange.js'

const identity = (parts: Partial<Identity> = {}): Identity => ({
  id: 'u1',
  kind: 'user',
  issuer: 'https://auth.test',
  roles: [],
  scopes: [],
  claims: {},
  tokenId: 't1',
  expiresAt: undefined,
  ...parts,
})

const principal = (permissions: readonly string[], parts: Partial<Identity> = {}): Principal => ({
  ...identity(parts),
  permissions: new Set(permissions),
})

function compiled(protection: Protection, controller: Class, member: string) {
  const mistakes: string[] = []
  const facts: Record<string, unknown> = {}
  const step = protection.compile({
    policy: policyOf(controller, member),
    name: `${controller.name}.${member}`,
    method: 'GET',
    path: '/',
    params: [],
    mistake: (problem, mend) => void mistakes.push(`${problem}: ${mend}`),
    describe: (name, value) => {
      facts[name] = value
    },
  })
  return { step, mistakes, facts }
}

const insufficientScope = (scope: string) => ['WWW-Authenticate', `Bearer error="insufficient_scope", scope="${scope}"`]

const { insufficientAuthentication } = challengesOf({ realm: 'api' })

const accessOf = (controller: Class, member = 'method', permissions?: { names: ReadonlySet<string> }) =>
  compiled(access({ permissions, authentication: true, insufficientScope, insufficientAuthentication }), controller, member)

async function outcome(step: Step | undefined, caller?: Principal, exchange: Exchange = exchangeOf()): Promise<string> {
  if (caller !== undefined) exchange.principal = caller
  try {
    await take(step, exchange)
    return 'passes'
  } catch (error) {
    return error instanceof ApiError ? error.code : String(error)
  }
}

describe('access to a route', () => {
  it('must be declared', () => {
    class Silent {
      method() {}
    }
    expect(accessOf(Silent).mistakes).to.have.length(1)
    expect(accessOf(Silent).mistakes[0]).to.contain('@Public()')
  })

  it('denies an anonymous caller, even of a route that asks for nothing more', async () => {
    class Closed {
      @Authenticated()
      method() {}
    }
    const { step } = accessOf(Closed)
    expect(await outcome(step)).to.equal('unauthenticated')
    expect(await outcome(step, principal([]))).to.equal('passes')
  })

  it('adds up what the parent class, the class and the method require', async () => {
    @RequirePermission('a')
    class Parent {
      @RequireRole('clerk')
      method() {}
    }
    @RequireScope('s')
    class Child extends Parent {
      @RequirePermission('b', 'c', { mode: 'any' })
      override method() {}
    }
    const { step } = accessOf(Child)
    const full = { permissions: ['a', 'b'], roles: ['clerk'], scopes: ['s'] }
    expect(await outcome(step, principal(full.permissions, full))).to.equal('passes')
    for (const lacking of [
      principal(['a'], full),
      principal(['b'], full),
      principal(['a', 'c'], { ...full, roles: [] }),
      principal(['a', 'c'], { ...full, scopes: [] }),
    ]) {
      expect(await outcome(step, lacking)).to.equal('permission-denied')
    }
  })

  it('is required of a subclass that overrides the method without a decorator', async () => {
    class Parent {
      @RequirePermission('a')
      method() {}
    }
    class Child extends Parent {
      override method() {}
    }
    expect(await outcome(accessOf(Child).step, principal([]))).to.equal('permission-denied')
  })

  it('lets a public method stand out of a closed class', () => {
    @RequirePermission('a')
    class Closed {
      @Public()
      method() {}
      @Authenticated()
      other() {}
    }
    expect(isPublic(policyOf(Closed, 'method'))).to.equal(true)
    expect(accessOf(Closed).mistakes).to.deep.equal([])
    expect(accessOf(Closed).facts).to.deep.equal({ access: 'public' })
    expect(isPublic(policyOf(Closed, 'other'))).to.equal(false)
  })

  it('lets a method close itself in a public class', async () => {
    @Public()
    class Open {
      @RequirePermission('a')
      method() {}
    }
    expect(accessOf(Open).mistakes).to.deep.equal([])
    expect(await outcome(accessOf(Open).step, principal([]))).to.equal('permission-denied')
  })

  it('does not start with contradictions', () => {
    class Both {
      @Public()
      @RequirePermission('a')
      method() {}
    }
    @Public()
    @Authenticated()
    class BothOnClass {
      method() {}
    }
    class Parent {
      @RequirePermission('a')
      method() {}
    }
    class Opening extends Parent {
      @Public()
      override method() {}
    }
    @Public()
    class OpeningClass extends BothOnClass {}
    for (const controller of [Both, BothOnClass, Opening, OpeningClass]) {
      expect(accessOf(controller).mistakes, controller.name).not.to.deep.equal([])
    }
  })

  it('does not start with a requirement and no way to know a caller', () => {
    class Closed {
      @Authenticated()
      method() {}
    }
    expect(
      compiled(access({ permissions: undefined, authentication: false, insufficientScope, insufficientAuthentication }), Closed, 'method')
        .mistakes,
    ).to.have.length(1)
  })

  it('does not start with a permission that does not exist, and guesses what was meant', () => {
    class Typo {
      @RequirePermission('orders:raed')
      method() {}
      @RequirePermission(...([] as unknown as [string]))
      empty() {}
    }
    const permissions = definePermissions({ orders: ['read', 'write'] })
    expect(accessOf(Typo, 'method', permissions).mistakes[0]).to.contain('did you mean "orders:read"?')
    expect(accessOf(Typo, 'empty', permissions).mistakes[0]).to.contain('names nothing')
  })

  it('names the missing scope as RFC 6750 asks, and to the log only what else is missing', async () => {
    class Scoped {
      @RequireScope('orders:fulfil')
      method() {}
    }
    const exchange = exchangeOf()
    exchange.principal = principal([])
    let refusal: unknown
    try {
      await take(accessOf(Scoped).step, exchange)
    } catch (error) {
      refusal = error
    }
    expect((refusal as ApiError).headers).to.deep.equal(['WWW-Authenticate', 'Bearer error="insufficient_scope", scope="orders:fulfil"'])
  })
})

describe('permissions and roles', () => {
  const permissions = definePermissions({ orders: ['read', 'write'], admin: ['read'] })

  it('expand wildcards and inheritance', () => {
    const roles = defineRoles(permissions, {
      viewer: ['orders:read'],
      clerk: { inherits: ['viewer'], grants: ['orders:*'] },
      admin: { inherits: ['clerk'], grants: ['*'] },
    })
    expect([...(roles.get('viewer') ?? [])]).to.deep.equal(['orders:read'])
    expect([...(roles.get('clerk') ?? [])]).to.have.members(['orders:read', 'orders:write'])
    expect([...(roles.get('admin') ?? [])]).to.have.members(['orders:read', 'orders:write', 'admin:read'])
  })

  it('refuse circles and unknown names, all at once', () => {
    const broken = { a: { inherits: ['b'], grants: ['nothing:read'] }, b: { inherits: ['a'] }, c: { inherits: ['__proto__'] } }
    expect(() => defineRoles(permissions, broken as never)).to.throw(TypeError, /a inherits b inherits a.*|.*unknown role.*/s)
    expect(() => definePermissions({ 'a b': ['read'] })).to.throw(TypeError)
  })

  it('give a lent token no more than its scopes, and never more than its user has', () => {
    const name = fc.constantFrom<string>('orders:read', 'orders:write', 'admin:read', 'other')
    fc.assert(
      fc.property(fc.array(name), fc.array(name, { minLength: 1 }), (claimed, scopes) => {
        const source = claimsAndRoles()
        const granted = [...(source.permissionsOf(identity({ scopes, claims: { permissions: claimed } })) as Iterable<string>)]
        return granted.every((one) => claimed.includes(one) && scopes.includes(one))
      }),
    )
  })

  it('ignore a claim that is no list of texts, and roles that do not exist', () => {
    const source = claimsAndRoles(new Map([['viewer', new Set(['orders:read'])]]))
    for (const claim of ['orders:write', { 0: 'orders:write' }, [1, null, ['orders:write']], undefined]) {
      const asked = identity({ claims: { permissions: claim }, roles: ['constructor', 'viewer'] })
      expect([...(source.permissionsOf(asked) as Iterable<string>)]).to.deep.equal(['orders:read'])
    }
  })

  it('ask a stable source once for a token, and any other each time', async () => {
    let asked = 0
    const same = Object.freeze(identity())
    const permissionsOf = () => {
      asked++
      return ['a']
    }
    const stable = principalBuilder({ isStable: true, permissionsOf })
    expect(await stable(same)).to.equal(await stable(same))
    expect(asked).to.equal(1)
    const live = principalBuilder({ permissionsOf: async () => permissionsOf() })
    await live(same)
    await live(same)
    expect(asked).to.equal(3)
  })

  it('cannot be changed by a handler: the next request would have what one has added, and nobody in particular too', async () => {
    const same = Object.freeze(identity())
    const build = principalBuilder({ isStable: true, permissionsOf: () => ['a'] })
    for (const { permissions } of [await build(same), anonymous]) {
      const set = permissions as Set<string>
      for (const change of [() => set.add('b'), () => set.delete('a'), () => set.clear(), () => void (set.has = () => true)]) {
        expect(change).to.throw(TypeError)
      }
    }
    expect([...(await build(same)).permissions, ...anonymous.permissions]).to.deep.equal(['a'])
    expect((await build(same)).permissions).to.deep.equal(new Set(['a']))
  })
})

describe('access to an object', () => {
  const objectOf = (controller: Class, instance: object) =>
    compiled(objectAccess({ instanceOf: () => () => instance }), controller, 'method')

  class Orders {
    readonly store = new Map([['1', { owner: 'u1' }]])

    @Authorize((_context, { store }: Orders) => store.get('1'), ({ id }, { owner }) => owner === id)
    method() {}
  }

  it('loads from the controller, asks the rule, and hands the object on', async () => {
    const exchange = exchangeOf()
    expect(await outcome(objectOf(Orders, new Orders()).step, principal([]), exchange)).to.equal('passes')
    expect(exchange.resource).to.deep.equal({ owner: 'u1' })
  })

  it('answers the same for what is not there and what is not theirs', async () => {
    const { step } = objectOf(Orders, new Orders())
    const empty = new Orders()
    empty.store.clear()
    expect(await outcome(step, principal([], { id: 'u2' }))).to.equal('not-found')
    expect(await outcome(objectOf(Orders, empty).step, principal([]))).to.equal('not-found')
  })

  it('refuses on anything but true, and with 403 where that is wanted', async () => {
    for (const verdict of [false, undefined, null, 1, 'yes', {}, Promise.resolve(1), Promise.resolve(false)]) {
      class Vague {
        @Authorize(() => ({}), () => verdict as boolean, { refusal: 403 })
        method() {}
      }
      expect(await outcome(objectOf(Vague, {}).step, principal([]))).to.equal('permission-denied')
    }
  })

  it('must be allowed by all, and fails closed', async () => {
    @Authorize(() => ({ name: 'tenant' }), () => true)
    class Stacked {
      @Authorize(async () => ({ name: 'order' }), async () => true)
      method() {}

      @Authorize(
        () => {
          throw new Error('the database is down')
        },
        () => true,
      )
      broken() {}
    }
    const exchange = exchangeOf()
    expect(await outcome(objectOf(Stacked, {}).step, principal([]), exchange)).to.equal('passes')
    expect(exchange.resource).to.deep.equal({ name: 'order' })
    const broken = compiled(objectAccess({ instanceOf: () => () => ({}) }), Stacked, 'broken')
    expect(await outcome(broken.step, principal([]))).to.equal('Error: the database is down')
  })
})
