import { expect } from 'chai'
import {
  Authenticated,
  Controller,
  Get,
  InsufficientUserAuthentication,
  RequirePermission,
  apiKeys,
  apiKeysOf,
  bearer,
  createApiKey,
} from '../../lib/index.js'
import type { Authentication } from '../../lib/index.js'
import { fakeClock, testApi, testIssuer } from '../../lib/testing.js'
import type { InjectedReply, TestApi } from '../../lib/testing.js'

@Controller('/accounts')
@Authenticated({ acr: ['urn:example:hardware', 'urn:example:mfa'] })
class Accounts {
  @Get('/')
  list() {
    return []
  }

  @Get('/transfer')
  @RequirePermission('accounts:transfer')
  @Authenticated({ maxAge: '5 min' })
  transfer() {
    return 'done'
  }

  @Get('/own-rule')
  ownRule() {
    throw new InsufficientUserAuthentication('This needs another login.', { reason: 'risk-too-high' })
  }
}

const clock = fakeClock()
const issuer = testIssuer({ clock })
const { key, record } = createApiKey({ owner: 'robot', scopes: ['accounts:transfer'], kind: 'client' })
const seconds = () => Math.floor(clock.now() / 1000)

function apiOf(authentication: Authentication | readonly Authentication[] = bearer({ ...issuer.options, realm: 'bank' })): TestApi {
  return testApi({ controllers: [Accounts], clock, authentication, https: 'off' })
}

const bank = apiOf()

const strong = () => ({ acr: 'urn:example:mfa', auth_time: seconds() })

/** What a user whose login is like this is answered. */
async function ask(path: string, claims: object, api = bank): Promise<InjectedReply> {
  const token = issuer.tokenFor({ id: 'alice', permissions: ['accounts:transfer'], claims: { ...claims } })
  return api.inject({ method: 'GET', path, headers: { Authorization: `Bearer ${token}` } })
}

const challengeIn = ({ headers }: InjectedReply) => headers.get('www-authenticate')

describe('the step-up of RFC 9470', () => {
  it('RFC 9470 §3: names the error, the accepted classes in order, and the age in seconds', async () => {
    const reply = await ask('/accounts/transfer', { acr: 'urn:example:password', auth_time: seconds() })
    expect([reply.status, reply.problem?.code]).to.deep.equal([401, 'insufficient-user-authentication'])
    expect(challengeIn(reply)).to.equal(
      'Bearer realm="bank", error="insufficient_user_authentication", error_description="This needs a stronger login", ' +
        'acr_values="urn:example:hardware urn:example:mfa", max_age="300"',
    )
    const other = await ask('/accounts', {})
    expect(challengeIn(other)).to.match(/acr_values="urn:example:hardware urn:example:mfa"$/)
  })

  it('RFC 9470 §3: is no challenge to whoever bears no token, or a bad one', async () => {
    const nobody = await bank.inject({ method: 'GET', path: '/accounts/transfer' })
    expect([nobody.status, challengeIn(nobody)]).to.deep.equal([401, 'Bearer realm="bank"'])
    const forged = issuer.forgedTokenFor({ id: 'alice', claims: strong() })
    const reply = await bank.inject({ method: 'GET', path: '/accounts/transfer', headers: { Authorization: `Bearer ${forged}` } })
    expect(challengeIn(reply)).to.include('error="invalid_token"')
  })

  it('RFC 9470 §6: takes a token whose login is strong and recent, and refuses it once it is too old', async () => {
    expect((await ask('/accounts/transfer', strong())).status).to.equal(200)
    expect((await ask('/accounts/transfer', { ...strong(), acr: 'urn:example:hardware' })).status).to.equal(200)
    const old = { ...strong(), auth_time: seconds() - 301 }
    expect((await ask('/accounts', old)).status).to.equal(200)
    const reply = await ask('/accounts/transfer', old)
    expect([reply.status, reply.problem?.detail]).to.deep.equal([401, 'This needs a more recent login.'])
  })

  it('RFC 9470 §6: counts the age of the login at each request, for one and the same token', async () => {
    const token = issuer.tokenFor({ id: 'alice', permissions: ['accounts:transfer'], claims: strong() })
    const transfer = async () =>
      (await bank.inject({ method: 'GET', path: '/accounts/transfer', headers: { Authorization: `Bearer ${token}` } })).status
    expect(await transfer()).to.equal(200)
    clock.advance(302_000)
    expect(await transfer()).to.equal(401)
  })

  it('RFC 9470 §3: is asked for by DPoP too, where tokens may be bound to a key', async () => {
    const origin = 'https://api.test'
    const challenge = async (required: boolean) =>
      challengeIn(await ask('/accounts/transfer', {}, apiOf(bearer({ ...issuer.options, dpop: { origin, required } }))))
    expect(await challenge(false)).to.match(
      /^Bearer realm="api", error="insufficient_user_authentication", .*max_age="300", DPoP error="insufficient_user_authentication", .*max_age="300", algs="/,
    )
  })

  it('refuses API keys and clients that act for themselves: nobody has logged in', async () => {
    const api = apiOf([bearer(issuer.options), apiKeys({ store: apiKeysOf([record]) })])
    const byKey = await api.inject({ method: 'GET', path: '/accounts/transfer', headers: { 'X-API-Key': key } })
    expect([byKey.status, byKey.problem?.code]).to.deep.equal([401, 'insufficient-user-authentication'])
    const token = issuer.tokenFor({ id: 'job', kind: 'client', scopes: ['accounts:transfer'] })
    const byClient = await api.inject({ method: 'GET', path: '/accounts/transfer', headers: { Authorization: `Bearer ${token}` } })
    expect([byClient.status, byClient.problem?.code]).to.deep.equal([401, 'insufficient-user-authentication'])
  })

  it('is recorded, with what lacks', async () => {
    await ask('/accounts/transfer', { ...strong(), auth_time: seconds() - 3_600 })
    expect(bank.records()[0]).to.include({ reason: 'stale-login', event: 'authn_login_fail', status: 401 })
    await ask('/accounts', {})
    expect(bank.records()[0]).to.include({ reason: 'missing-acr urn:example:hardware urn:example:mfa' })
  })

  it('is what a handler may ask for by a rule of its own', async () => {
    const reply = await ask('/accounts/own-rule', strong())
    expect([reply.status, reply.problem?.code, challengeIn(reply)]).to.deep.equal([
      401,
      'insufficient-user-authentication',
      'Bearer realm="bank"',
    ])
  })
})
