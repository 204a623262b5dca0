import type { KeyOptions } from '../../authentication/keys.js'
import { familyOf } from '../../authentication/algorithms.js'
import { checkProofs } from '../../authentication/dpop-options.js'
import type { ProofOptions } from '../../authentication/dpop-options.js'
import type { Mistake } from '../../errors.js'
import type { LimitString } from '../../rate-limit/rate-limit.js'
import type { AuthorizationServerOptions, ServerLifetimes } from './authorization-server.js'
import { clientMistakes, grantsOf } from './clients.js'
import type { ClientSource, OAuthClient } from './clients.js'
import type { ConsentHook, LoginHook, Subject } from './interaction.js'
import { consentPage } from './login-page.js'
import { ResourceCatalogue } from './resources.js'
import { AccessTokens } from './tokens.js'

/** The options of an authorization server, checked and with defaults. */
export interface CheckedOptions {
  readonly issuer: string
  readonly keys: readonly KeyOptions[]
  readonly clients: ClientSource
  readonly catalogue: ResourceCatalogue
  readonly login: LoginHook
  readonly consent: ConsentHook
  readonly subjectOf: (subject: Subject) => Promise<Subject | undefined>
  readonly path: string
  readonly rateLimit: LimitString
  readonly loginLimit: LimitString
  readonly proofs: ProofOptions
  /** Seconds. */
  readonly lifetimes: Required<ServerLifetimes>
}

type Complain = (place: string, problem: string, mend: string) => void

const longest: Required<ServerLifetimes> = {
  accessToken: 86_400,
  refreshToken: 31_536_000,
  code: 600,
  pushedRequest: 3_600,
  session: 2_592_000,
}

/** Checks options; throws one `TypeError` for all that is wrong with them. */
export function checkedOptions(options: AuthorizationServerOptions): CheckedOptions {
  const mistakes: Mistake[] = []
  const complain: Complain = (place, problem, mend) => void mistakes.push({ place, problem, mend })
  const { issuer, keys, resources, path = '/oauth', rateLimit = '20 per minute', loginLimit = '5 per minute', subjectOf } = options
  const defaults = { accessToken: 600, refreshToken: 2_592_000, code: 60, pushedRequest: 600, session: 3_600 }
  const lifetimes = { ...defaults, ...options.lifetimes }
  const catalogue = new ResourceCatalogue(resources)
  checkIssuer(issuer, complain)
  checkResources(catalogue, complain)
  checkLifetimes(lifetimes, complain)
  checkKeys(options, catalogue, complain)
  checkLogin(options, complain)
  checkProofs(options.proofs ?? {}, (name, problem, mend) => complain(`proofs.${name}`, problem, mend))
  if (!/^(?:\/[A-Za-z0-9._~-]+)*$/.test(path)) complain('path', `${JSON.stringify(path)} is no path`, "write such as '/oauth'")
  const clients = clientSource(options.clients, catalogue.scopes, (mistake) => void mistakes.push(mistake))
  if (mistakes.length > 0) {
    const lines = mistakes.map(({ place, problem, mend }) => `  ${place}: ${problem}\n      → ${mend}`)
    throw new TypeError(
      `authorizationServer cannot start: ${mistakes.length} ${mistakes.length === 1 ? 'mistake' : 'mistakes'}\n${lines.join('\n')}`,
    )
  }
  return {
    ...{ issuer, keys, clients, catalogue, path, rateLimit, loginLimit, lifetimes },
    proofs: options.proofs ?? {},
    login: options.login ?? nobodyLogsIn,
    consent: options.consent ?? consentPage,
    subjectOf: async (subject) => (subjectOf === undefined ? subject : subjectOf(subject.id)),
  }
}

function nobodyLogsIn(): never {
  throw new TypeError('a client asks for a code, and authorizationServer has no login')
}

/** RFC 8414 §2: HTTPS, without query and fragment. */
function checkIssuer(issuer: unknown, complain: Complain): void {
  const url = typeof issuer === 'string' && URL.canParse(issuer) ? new URL(issuer) : undefined
  const isLocal = url?.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  if (url === undefined || (url.protocol !== 'https:' && !isLocal) || /[?#]/.test(url.href) || url.username !== '') {
    complain('issuer', `${JSON.stringify(issuer)} is no issuer`, "write where the server is: 'https://auth.example.com'")
  }
}

function checkResources({ names, scopes }: ResourceCatalogue, complain: Complain): void {
  const mend = "write resources: { 'https://api.example.com': { 'orders:read': 'See your orders' } }"
  if (scopes.size === 0) complain('resources', 'there is nothing that tokens could be for', mend)
  for (const name of names) {
    if (!URL.canParse(name) || name.includes('#')) complain('resources', `${JSON.stringify(name)} is no absolute URI (RFC 8707)`, mend)
  }
  for (const scope of scopes) {
    if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) complain('resources', `${JSON.stringify(scope)} is no scope (RFC 6749 §3.3)`, mend)
  }
}

function checkLifetimes(lifetimes: Required<ServerLifetimes>, complain: Complain): void {
  for (const [name, seconds] of Object.entries(lifetimes)) {
    const most = longest[name as keyof ServerLifetimes]
    if (!(Number.isSafeInteger(seconds) && seconds >= 1 && seconds <= most)) {
      complain(`lifetimes.${name}`, `${seconds} is no lifetime`, `write whole seconds from 1 to ${most}`)
    }
  }
}

function checkKeys({ issuer, keys }: AuthorizationServerOptions, catalogue: ResourceCatalogue, complain: Complain): void {
  const list: readonly unknown[] = Array.isArray(keys) ? keys : []
  const mend = "write keys: [{ kid: '2026-11', algorithm: 'ES256', privateKey }]"
  if (list.length === 0) complain('keys', 'there is nothing to sign tokens with', mend)
  for (const [index, key] of (keys ?? []).entries()) {
    if (familyOf(key.algorithm) === 'secret') complain(`keys[${index}]`, `${key.algorithm} has a secret, which a key set cannot show`, mend)
    if (key.kid === undefined) complain(`keys[${index}]`, 'the key has no kid, so it could never be changed', mend)
  }
  if (list.length === 0) return
  try {
    void new AccessTokens({ issuer, audiences: ['x', ...catalogue.names], keys, lifetime: 1, clock: { now: () => 0 } })
  } catch (thrown) {
    complain('keys', (thrown as Error).message, mend)
  }
}

function checkLogin({ clients, login }: AuthorizationServerOptions, complain: Complain): void {
  const mayGetCodes = 'find' in clients && typeof clients.find === 'function' && !Array.isArray(clients)
  const needed = mayGetCodes || (clients as readonly OAuthClient[]).some((client) => grantsOf(client).includes('authorization_code'))
  if (needed && login === undefined) {
    complain('login', 'a client may get codes, and nobody can log in', 'write login: loginPage({ check }), or a hook of your own')
  }
}

/** Clients of a list by their ids; those of a source are checked when they are found. */
function clientSource(
  clients: AuthorizationServerOptions['clients'],
  scopes: ReadonlySet<string>,
  report: (mistake: Mistake) => void,
): ClientSource {
  if (!isList(clients)) {
    return {
      find: async (id) => {
        const client = await clients.find(id)
        const [mistake] = client === undefined ? [] : clientMistakes(client, scopes)
        if (mistake !== undefined) throw new TypeError(`${mistake.place}: ${mistake.problem} → ${mistake.mend}`)
        return client?.id === id ? client : undefined
      },
    }
  }
  const byId = new Map<string, OAuthClient>()
  for (const client of clients) {
    for (const mistake of clientMistakes(client, scopes)) report(mistake)
    if (byId.has(client.id)) {
      report({ place: `client ${JSON.stringify(client.id)}`, problem: 'two clients have this id', mend: 'give one of them another' })
    }
    byId.set(client.id, client)
  }
  return { find: (id) => byId.get(id) }
}

function isList(clients: AuthorizationServerOptions['clients']): clients is readonly OAuthClient[] {
  return Array.isArray(clients)
}
