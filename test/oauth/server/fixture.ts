import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { http, serve } from '../../../adapters/http.js'
import type { RunningServer } from '../../../adapters/http.js'
import {
  Authenticated,
  Controller,
  Get,
  MemoryStateStore,
  StoredRevocations,
  bearer,
  createApi,
  createContainer,
  createLogger,
  recentRecords,
  tokens,
} from '../../../lib/index.js'
import type { Context, RecentRecords, Revocations, StateStore } from '../../../lib/index.js'
import { authorizationServer, hashClientSecret, loginPage } from '../../../lib/oauth.js'
import type { AuthorizationServerOptions, OAuthClient } from '../../../lib/oauth.js'
import { Browser, logInAndAllow } from '../browser.js'
import { MovedClock } from '../moved-clock.js'

export const resource = 'https://api.test'
export const other = 'https://other.test'
export const webCallback = 'https://web.test/callback?from=server'
export const appCallback = 'http://127.0.0.1:8400/callback'
export const assertionKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const webSecret = 'secret of web'
const hash = hashClientSecret(webSecret)

async function clients(): Promise<readonly OAuthClient[]> {
  const secretHash = await hash
  const scopes = ['orders:read', 'orders:write']
  return [
    { id: 'web', name: 'Web <shop>', secretHash, redirectUris: [webCallback, 'https://web.test/second'], scopes },
    { id: 'app', redirectUris: [appCallback, 'com.example.app:/callback'], scopes },
    { id: 'machine', secretHash, scopes: ['orders:read', 'things:read'] },
    { id: 'signer', jwks: { keys: [{ ...assertionKey.publicKey.export({ format: 'jwk' }), kid: 'a' }] }, scopes: ['orders:read'] },
    { id: 'api', secretHash, scopes: ['orders:read'], introspects: resource },
    { id: 'trusted', secretHash, redirectUris: ['https://trusted.test/'], scopes, skipsConsent: true },
    { id: 'pusher', secretHash, redirectUris: ['https://pusher.test/'], scopes, pushesRequests: true },
    { id: 'binder', secretHash, scopes: ['orders:read'], bindsTokens: true },
  ]
}

/** What a token endpoint answered. */
export interface TokenAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, string | undefined>>
}

/** A running server, and what a client does with it. */
export interface TestServer {
  readonly url: string
  readonly clock: MovedClock
  readonly records: RecentRecords
  readonly closed: Set<string>
  readonly revocations: Revocations
  browser(): Browser
  /** The address of a sound request, with changes: undefined leaves a parameter out. */
  authorizeUrl(changes?: Readonly<Record<string, string | undefined>>): URL
  /** Sends a form to an endpoint. */
  post(
    path: string,
    form: Readonly<Record<string, string>> | URLSearchParams,
    headers?: Readonly<Record<string, string>>,
  ): Promise<TokenAnswer>
  /** A code for a client, by way of the pages. */
  code(changes?: Readonly<Record<string, string | undefined>>, browser?: Browser, name?: string): Promise<string>
  /** Redeems a code of `web`, with changes. */
  redeem(code: string, changes?: Readonly<Record<string, string | undefined>>): Promise<TokenAnswer>
  /** Whether the API takes a token. */
  status(token: string | undefined): Promise<number>
  close(): Promise<void>
}

export const verifier = randomBytes(32).toString('base64url')
export const challenge = createHash('sha256').update(verifier).digest('base64url')
export const basic = (id: string, secret = webSecret) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
})

export interface TestServerOptions extends Partial<AuthorizationServerOptions> {
  readonly state?: StateStore
  readonly clock?: MovedClock
  readonly limits?: boolean
}

@Controller('/')
class Api {
  @Get('/me')
  @Authenticated()
  me({ principal: { id, kind, scopes } }: Context) {
    return { id, kind, scopes }
  }
}

/** Starts an authorization server and an API that takes its tokens. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { clock = new MovedClock(), state = new MemoryStateStore({ clock }), limits = false, ...more } = options
  let listener: RequestListener | undefined
  const server: RunningServer = await serve((request, response) => listener?.(request, response), { port: 0 })
  const issuer = more.issuer ?? server.url
  const closed = new Set<string>()
  const records = recentRecords(200)
  const key = { kid: 'k1', algorithm: 'ES256' } as const
  const container = createContainer()
  const revocations = new StoredRevocations(state, { clock })
  container.register(tokens.revocations, { useValue: revocations })
  container.register(tokens.state, { useValue: state })
  container.register(tokens.clock, { useValue: clock })
  const api = createApi({
    controllers: [
      Api,
      authorizationServer({
        keys: [{ ...key, privateKey: signingKey.privateKey }],
        clients: await clients(),
        resources: {
          [resource]: { 'orders:read': 'See <your> orders', 'orders:write': 'Change your orders' },
          [other]: { 'things:read': 'See things' },
        },
        login: loginPage({
          check: (name, password) => (password === `${name}-password` ? { id: name, claims: { roles: ['customer'] } } : undefined),
        }),
        subjectOf: (id) => (closed.has(id) ? undefined : { id }),
        ...more,
        issuer,
      }),
    ],
    container,
    authentication: bearer({
      issuer,
      audience: resource,
      keys: [{ ...key, publicKey: signingKey.publicKey }],
      typ: 'at+jwt',
      dpop: { origin: server.url },
    }),
    rateLimit: limits ? {} : { off: true },
    https: 'off',
    audit: { sinks: [records] },
    logger: createLogger({ silent: true }),
  })
  listener = http(api)
  const { url } = server
  const browser = () => new Browser((target) => target.origin === url)

  const authorizeUrl: TestServer['authorizeUrl'] = (changes = {}) => {
    const sound = {
      ...{ response_type: 'code', client_id: 'web', redirect_uri: webCallback, scope: 'orders:read', state: 'of mine' },
      ...{ code_challenge: challenge, code_challenge_method: 'S256' },
      ...changes,
    }
    const given = Object.entries(sound).filter((pair): pair is [string, string] => pair[1] !== undefined)
    return new URL(`${url}/oauth/authorize?${new URLSearchParams(given).toString()}`)
  }
  const post: TestServer['post'] = async (path, form, headers = {}) => {
    const answer = await fetch(`${url}${path}`, { method: 'POST', body: new URLSearchParams(form), headers })
    return { status: answer.status, headers: answer.headers, body: JSON.parse((await answer.text()) || '{}') as TokenAnswer['body'] }
  }
  return {
    ...{ url, clock, records, closed, revocations, browser, authorizeUrl, post },
    async code(changes = {}, own = browser(), name = 'alice') {
      const back = await logInAndAllow(own, authorizeUrl(changes), name, `${name}-password`)
      const code = back.searchParams.get('code')
      if (code === null) throw new Error(`no code: ${back.href}`)
      return code
    },
    redeem(code, changes = {}) {
      const form = { grant_type: 'authorization_code', code, redirect_uri: webCallback, code_verifier: verifier, ...changes }
      const given = Object.entries(form).filter((pair): pair is [string, string] => pair[1] !== undefined)
      return post('/oauth/token', Object.fromEntries(given), 'client_id' in changes ? {} : basic('web'))
    },
    async status(token) {
      return (await fetch(`${url}/me`, { headers: { authorization: `Bearer ${token}` } })).status
    },
    async close() {
      await server.close()
      await api.close()
    },
  }
}
