import type { TokenIssuer } from '../../authentication/token-issuer.js'
import type { ApiDescription, RouteDescription, ServiceName } from '../../api-facts.js'
import { serverLifetimes } from '../../oauth/server/authorization-server.js'
import type { Noticed } from './finding.js'
import { headerFindings } from './headers.js'
import { proxyFindings } from './proxies.js'

/** What the options of `createApi` leave open. */
export function optionFindings(api: ApiDescription): readonly Noticed[] {
  return [
    ...transportFindings(api),
    ...corsFindings(api),
    ...proxyFindings(api.options.trustProxy ?? false),
    ...headerFindings(api),
    ...secretFindings(api),
    ...lifetimeFindings(api),
    ...storeFindings(api),
    ...recordFindings(api),
    ...bodyFindings(api),
  ]
}

function transportFindings({ options: { https = 'require' } }: ApiDescription): readonly Noticed[] {
  const place = 'https'
  if (https === 'off') {
    const problem = 'whoever is on the way reads tokens, and may answer in place of the API'
    return [{ rule: 'https-off', place, problem, mend: 'leave https out, and say in trustProxy which proxy ends TLS' }]
  }
  if (https === 'terminated') {
    const problem = 'whoever reaches the port in another way than through TLS is taken to have come over it'
    return [
      { rule: 'https-assumed', place, problem, mend: 'let nothing but what ends TLS reach the port, and accept this in the baseline' },
    ]
  }
  if (https !== 'redirect') return []
  const problem = 'a client that is set up wrongly works, and sends its token in clear text each time'
  return [{ rule: 'https-redirected', place, problem, mend: "write https: 'require', unless browsers come here by themselves" }]
}

function corsFindings({ options: { cors }, routes }: ApiDescription): readonly Noticed[] {
  if (cors === undefined) return []
  const found: Noticed[] = []
  const closed = routes.filter(({ facts }) => facts.access !== 'public').length
  if (cors.origins.includes('*')) {
    const problem = `pages of every origin may read the answers, and ${closed} routes are closed`
    found.push({
      rule: 'cors-wide',
      severity: closed === 0 ? 'info' : 'medium',
      place: 'cors.origins',
      problem,
      mend: 'list the exact origins',
    })
  }
  for (const origin of cors.origins.filter((one) => one.startsWith('http://') && !isLocal(one))) {
    const problem = `whoever is on the way to ${origin} may write its pages`
    found.push({ rule: 'cors-wide', place: 'cors.origins', problem, mend: 'name it with https' })
  }
  if (cors.credentials === true) {
    const problem = 'a page of a listed origin acts as its visitor, whatever it was made to do'
    found.push({ rule: 'cors-credentials', place: 'cors.credentials', problem, mend: 'leave it out where callers bear tokens in headers' })
  }
  return found
}

function isLocal(origin: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(origin).hostname)
}

function secretFindings({ options, injected }: ApiDescription): readonly Noticed[] {
  const ways = [options.authentication ?? []].flat()
  const issuers = withParts(injected()).filter((service) => isIssuer(service) && service.isGuessable === true)
  const mend = 'give random bytes of a vault, and leave dangerouslyAcceptGuessableSecret out'
  return [...ways.flatMap(({ guessable = [] }) => guessable), ...issuers.map(() => 'tokenIssuer.key')].map((place) => ({
    ...{ rule: 'secret-guessable', place, problem: 'whoever guesses the secret signs tokens for everybody', mend },
  }))
}

const hour = 3_600

function lifetimeFindings({ options, injected }: ApiDescription): readonly Noticed[] {
  const servers = options.controllers.flatMap((controller) => serverLifetimes(controller)?.accessToken ?? [])
  const issuers = withParts(injected()).flatMap((service) => (isIssuer(service) ? (service.lifetime ?? []) : []))
  const note = (place: string, seconds: number): Noticed => ({
    ...{ rule: 'token-long-lived', place, problem: `a token that was stolen is good for up to ${seconds} s` },
    mend: 'issue tokens for an hour or less, and renew them by refresh tokens or a new login',
  })
  return [
    ...servers.filter((seconds) => seconds > hour).map((seconds) => note('authorizationServer.lifetimes.accessToken', seconds)),
    ...issuers.filter((seconds) => seconds > hour).map((seconds) => note('tokenIssuer.lifetime', seconds)),
  ]
}

/** Services, and what they hold themselves: a service of the application often keeps the issuer. */
function withParts(services: readonly unknown[]): readonly unknown[] {
  const parts = services.flatMap((service) => (typeof service === 'object' && service !== null ? Object.values(service) : []))
  return [...new Set<unknown>([...services, ...parts])]
}

/** Whether a service is what `tokenIssuer` makes. */
function isIssuer(service: unknown): service is TokenIssuer {
  return (
    typeof service === 'object' && service !== null && 'issue' in service && 'lifetime' in service && typeof service.lifetime === 'number'
  )
}

/** Stores that are gone with the process, whoever has registered them. */
const ofProcess: ReadonlySet<string> = new Set(['MemoryStateStore', 'MemoryRateLimitStore'])

function storeFindings({ options, registered, service, routes }: ApiDescription): readonly Noticed[] {
  const found: Noticed[] = []
  const isKept = (name: ServiceName) => registered.has(name) && !ofProcess.has(classOf(service(name)))
  const isClosed = routes.some(({ facts }) => facts.access !== 'public')
  if (isClosed && options.authentication !== undefined && !isKept('state') && !isKept('revocations')) {
    const problem = 'a token that was revoked here is good on every other process, and here after the next start'
    found.push({ rule: 'state-in-process', place: 'tokens.state', problem, mend: 'register a store of portcullis/stores in the container' })
  }
  if (routes.some(({ limits }) => limits.length > 0) && !isKept('rateLimitStore')) {
    const problem = 'behind several processes each caller has as many calls from each of them'
    found.push({
      rule: 'limits-in-process',
      place: 'tokens.rateLimitStore',
      problem,
      mend: 'register a store of portcullis/stores in the container',
    })
  }
  return found
}

/** The class's name: another installed copy of the package has a class of its own. */
function classOf(store: unknown): string {
  return typeof store === 'object' && store !== null ? store.constructor.name : ''
}

function recordFindings({ options, registered, routes }: ApiDescription): readonly Noticed[] {
  if (registered.has('auditLog') || options.audit?.sinks === undefined || options.audit.sinks.length > 0) return []
  const count = routes.filter(({ method }) => !['GET', 'HEAD', 'OPTIONS'].includes(method)).length
  const problem = `nobody will know who did what: ${count} routes write`
  return [
    {
      rule: 'records-nowhere',
      place: 'audit.sinks',
      problem,
      mend: "leave sinks out for standard output, or give such as fileSink('audit.log')",
    },
  ]
}

/** Bytes. */
const large = 10_000_000

function bodyFindings({ routes }: ApiDescription): readonly Noticed[] {
  const limitOf = ({ facts }: RouteDescription) => facts.body?.limit ?? 0
  return routes
    .filter((route) => limitOf(route) > large)
    .map((route) => ({
      ...{ rule: 'body-large', place: route.name, problem: `it holds bodies of ${limitOf(route)} bytes in memory, each of them whole` },
      mend: '@BodyLimit of what is really sent; large files belong into a store of their own',
    }))
}
