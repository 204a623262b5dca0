import { expect } from 'chai'
import * as fc from 'fast-check'
import { challengesOf } from '../../lib/authentication/challenges.js'
import { access } from '../../lib/authorization/authorization.js'
import { Authenticated, Public, RequirePermission } from '../../lib/authorization/requirements.js'
import type { LoginRequirement } from '../../lib/authorization/requirements.js'
import type { Principal } from '../../lib/context.js'
import type { Class } from '../../lib/decorator.js'
import { ApiError, InsufficientUserAuthentication } from '../../lib/errors.js'
import { policyOf } from '../../lib/policy.js'
import { exchangeOf } from '../exchange.js'

const now = 1_700_000_000_000
const seconds = now / 1000

const { insufficientScope, insufficientAuthentication } = challengesOf({ realm: 'api' })

function compiled(controller: Class, member = 'method') {
  const mistakes: string[] = []
  const facts: Record<string, unknown> = {}
  const step = access({ permissions: undefined, authentication: true, insufficientScope, insufficientAuthentication }).compile({
    ...{ policy: policyOf(controller, member), name: `${controller.name}.${member}`, method: 'GET', path: '/', params: [] },
    mistake: (problem, mend) => void mistakes.push(`${problem}: ${mend}`),
    describe(name, value) {
      facts[name] = value
    },
  })
  return { step, mistakes, facts }
}

interface Caller {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly permissions?: readonly string[]
  readonly issuedAt?: number
  readonly at?: number
}

/** What a route makes of a caller. */
function refusalBy(controller: Class, { claims = {}, permissions = [], at = now, ...more }: Caller): ApiError | undefined {
  const exchange = exchangeOf({ clock: { now: () => at } })
  const principal: Principal = {
    ...{ id: 'alice', kind: 'user', issuer: 'https://auth.test', roles: [], scopes: [], tokenId: 't', expiresAt: undefined },
    ...{ claims, permissions: new Set(permissions), ...more },
  }
  exchange.principal = principal
  return compiled(controller).step?.(exchange) as ApiError | undefined
}

const reasonOf = (controller: Class, caller: Caller) => refusalBy(controller, caller)?.reason ?? 'passes'

/** A class whose method asks this of logins. */
function asking(login: LoginRequirement): Class {
  class Asking {
    @Authenticated(login)
    method() {}
  }
  return Asking
}

const mistakesOf = (login: unknown) => compiled(asking(login as LoginRequirement)).mistakes

describe('what is asked of a login', () => {
  it('is one of the accepted classes, by the claim acr', () => {
    const route = asking({ acr: ['gold', 'silver'] })
    for (const acr of ['gold', 'silver']) expect(reasonOf(route, { claims: { acr } })).to.equal('passes')
    for (const acr of ['bronze', 'GOLD', 'gold silver', '', ['gold'], 1, null, undefined, { gold: true }]) {
      expect(reasonOf(route, { claims: { acr } }), JSON.stringify(acr)).to.equal('missing-acr gold silver')
    }
    expect(reasonOf(asking({ acr: 'gold' }), { claims: {} })).to.equal('missing-acr gold')
  })

  it('is all of the methods, by the claim amr', () => {
    const route = asking({ amr: ['otp', 'pwd'] })
    expect(reasonOf(route, { claims: { amr: ['pwd', 'mfa', 'otp'] } })).to.equal('passes')
    for (const amr of [['otp'], ['pwd'], [], 'otp pwd', { 0: 'otp', 1: 'pwd' }, ['otp', 'pwd', 1], [['otp', 'pwd']], null, undefined]) {
      expect(reasonOf(route, { claims: { amr } }), JSON.stringify(amr)).to.equal('missing-amr otp pwd')
    }
  })

  it('is refused where the claim auth_time is missing or malformed', () => {
    const route = asking({ maxAge: '5 min' })
    const strange = [
      undefined,
      null,
      String(seconds),
      [seconds],
      { valueOf: () => seconds },
      Number.NaN,
      Number.POSITIVE_INFINITY,
      true,
      '',
    ]
    for (const auth_time of strange) expect(reasonOf(route, { claims: { auth_time } }), String(auth_time)).to.equal('no-login-time')
  })

  it('is taken to the last second of its age, and not one millisecond longer', () => {
    const ages = fc.integer({ min: 1, max: 365 * 86_400 })
    fc.assert(
      fc.property(ages, fc.integer({ min: 0, max: 2 * 365 * 86_400_000 }), (maxAge, ago) => {
        const route = asking({ maxAge: maxAge * 1000 })
        const reason = reasonOf(route, { claims: { auth_time: seconds }, at: now + ago })
        expect(reason).to.equal(ago <= maxAge * 1000 ? 'passes' : 'stale-login')
      }),
    )
    const minute = asking({ maxAge: '1 min' })
    expect(reasonOf(minute, { claims: { auth_time: seconds }, at: now + 60_000 })).to.equal('passes')
    expect(reasonOf(minute, { claims: { auth_time: seconds }, at: now + 60_001 })).to.equal('stale-login')
  })

  it('is no login of the future, further than the clock of its issuer may be ahead', () => {
    const route = asking({ maxAge: '5 min' })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e12 }), fc.integer({ min: 0, max: 300 }), (ahead, tolerated) => {
        const caller = { claims: { auth_time: seconds + ahead }, issuedAt: now + tolerated * 1000 }
        expect(reasonOf(route, caller)).to.equal(ahead <= tolerated ? 'passes' : 'login-in-future')
      }),
    )
    expect(reasonOf(route, { claims: { auth_time: seconds + 1 } })).to.equal('login-in-future')
    expect(reasonOf(route, { claims: { auth_time: seconds + 1 }, issuedAt: Number.NaN })).to.equal('login-in-future')
    // Milliseconds where seconds belong.
    expect(reasonOf(route, { claims: { auth_time: now } })).to.equal('login-in-future')
    expect(reasonOf(route, { claims: { auth_time: 1e308 } })).to.equal('login-in-future')
    expect(reasonOf(route, { claims: { auth_time: -1e308 } })).to.equal('stale-login')
  })

  it('passes no claims that are anything but right, whatever they are', () => {
    const route = asking({ acr: 'gold', amr: 'otp', maxAge: '5 min' })
    const odd = fc.record({ acr: fc.anything(), amr: fc.anything(), auth_time: fc.anything() }, { requiredKeys: [] })
    fc.assert(
      fc.property(odd, (claims) => {
        expect(refusalBy(route, { claims })).to.be.instanceOf(InsufficientUserAuthentication)
      }),
    )
    expect(reasonOf(route, { claims: { acr: 'gold', amr: ['otp'], auth_time: seconds } })).to.equal('passes')
  })

  it('adds up: parent classes, the class and the method, the strictest of each', () => {
    @Authenticated({ acr: ['gold', 'silver', 'bronze'], maxAge: '1 min' })
    class Parent {
      @Authenticated({ amr: 'otp' })
      method() {}
    }
    @Authenticated({ maxAge: '10 min', amr: 'pwd' })
    class Child extends Parent {
      @Authenticated({ acr: ['silver', 'gold'] })
      override method() {}
    }
    class Silent extends Parent {
      override method() {}
    }
    expect(compiled(Child).facts).to.deep.equal({
      access: 'authenticated',
      login: { acr: ['silver', 'gold'], amr: ['pwd', 'otp'], maxAge: 60_000 },
    })
    expect(compiled(Silent).facts['login']).to.deep.equal({ acr: ['gold', 'silver', 'bronze'], amr: ['otp'], maxAge: 60_000 })
    const claims = { acr: 'gold', amr: ['pwd', 'otp'], auth_time: seconds }
    expect(reasonOf(Child, { claims })).to.equal('passes')
    expect(reasonOf(Child, { claims: { ...claims, acr: 'bronze' } })).to.equal('missing-acr silver gold')
    expect(reasonOf(Child, { claims: { ...claims, amr: ['pwd'] } })).to.equal('missing-amr pwd otp')
    expect(reasonOf(Child, { claims, at: now + 60_001 })).to.equal('stale-login')
  })

  it('counts beside a permission, which is asked first', () => {
    @RequirePermission('a')
    class Both {
      @Authenticated({ acr: 'gold' })
      method() {}
    }
    const claims = { acr: 'gold' }
    expect(reasonOf(Both, { claims, permissions: ['a'] })).to.equal('passes')
    expect(reasonOf(Both, { permissions: ['a'] })).to.equal('missing-acr gold')
    expect(reasonOf(Both, { claims })).to.equal('missing-permission a')
    expect(reasonOf(Both, {})).to.equal('missing-permission a')
    expect(compiled(Both).facts).to.deep.equal({ access: { permissions: ['a'] }, login: { acr: ['gold'] } })
  })

  it('is nothing where nothing is said, and where a method is open', () => {
    @Authenticated({ acr: 'gold' })
    class Open {
      @Public()
      method() {}
    }
    expect(compiled(Open).facts).to.deep.equal({ access: 'public' })
    expect(compiled(asking({})).facts).to.deep.equal({ access: 'authenticated' })
    expect(reasonOf(asking({}), {})).to.equal('passes')
  })

  it('is refused with one refusal, made once, that tells all that is asked for', () => {
    const step = compiled(asking({ acr: ['gold', 'silver'], amr: ['otp'], maxAge: '5 min' })).step!
    const refused = (claims: object) => {
      const exchange = exchangeOf()
      exchange.principal = { ...exchange.principal, kind: 'user', id: 'alice', claims: claims as never }
      return step(exchange) as InsufficientUserAuthentication
    }
    const weak = refused({})
    expect([weak === refused({ acr: 'bronze' }), Object.isFrozen(weak)]).to.deep.equal([true, true])
    expect([weak.status, weak.code, weak.event, weak.message]).to.deep.equal([
      401,
      'insufficient-user-authentication',
      'authn_login_fail',
      'This needs a stronger login.',
    ])
    const header = (description: string) =>
      `Bearer realm="api", error="insufficient_user_authentication", error_description="${description}", acr_values="gold silver", max_age="300"`
    expect(weak.headers[1]).to.equal(header('This needs a stronger login'))
    expect(refused({ acr: 'gold' }).headers[1]).to.equal(header('This needs a login by otp'))
    expect(refused({ acr: 'gold', amr: ['otp'], auth_time: 1 }).headers[1]).to.equal(header('This needs a more recent login'))
  })

  it('does not start with what no token says, or nothing knows', () => {
    const wrong: ReadonlyArray<readonly [login: unknown, said: RegExp]> = [
      [{ acr: [] }, /@Authenticated\(\{ acr: \[\] \}\) names nothing that a token could say: write acr: 'urn:example:mfa'/],
      [{ acr: 'a b' }, /acr: "a b"/],
      [{ acr: 'a"b' }, /acr:/],
      [{ acr: ['a', 'ü'] }, /acr:/],
      [{ acr: undefined }, /@Authenticated\(\{ acr: undefined \}\)/],
      [{ amr: '' }, /@Authenticated\(\{ amr: "" \}\) names nothing that a token could say: write amr: \['otp'\]/],
      [{ amr: [7] }, /amr: \[7\]/],
      [
        { maxAge: 'soon' },
        /@Authenticated\(\{ maxAge: "soon" \}\) is no age of a login: write whole seconds from '1 s' to '365 d': '5 min'/,
      ],
      [{ maxAge: 0 }, /maxAge: 0/],
      [{ maxAge: 1_500 }, /maxAge: 1500/],
      [{ maxAge: '366 d' }, /maxAge: "366 d"/],
      [{ maxAge: undefined }, /maxAge: undefined/],
      [{ maxAge: null }, /maxAge: null/],
      [{ max_age: 300 }, /@Authenticated\(\{ max_age \}\) is nothing that can be asked of a login: write acr, amr or maxAge/],
      ['5 min', /@Authenticated\("5 min"\) says nothing of logins: write @Authenticated\(\{ maxAge: '5 min' \}\)/],
      [null, /@Authenticated\(null\)/],
    ]
    for (const [login, said] of wrong) {
      const mistakes = mistakesOf(login)
      expect(mistakes, JSON.stringify(login)).to.have.length(1)
      expect(mistakes[0]).to.match(said)
    }
    expect(mistakesOf({ acr: 'urn:example:mfa', amr: ['hwk'], maxAge: '1.5 min' })).to.deep.equal([])
  })

  it('does not start where no login could have all that is asked for', () => {
    @Authenticated({ acr: ['gold'] })
    class Torn {
      @Authenticated({ acr: ['silver'] })
      method() {}
    }
    expect(compiled(Torn).mistakes[0]).to.match(/^each acr that one @Authenticated\(\{ acr \}\) accepts is refused by another/)
  })
})
