import { issuerOf } from '../../authentication/issuer.js'
import { isAuthorizedTwice } from '../../authentication/credentials.js'
import { TokenRefused } from '../../authentication/verifier.js'
import type { TokenVerifier } from '../../authentication/verifier.js'
import type { ApiRequest, Identity } from '../../context.js'
import { isClientSecret } from './client-secret.js'
import { isPublicClient } from './clients.js'
import type { ClientSource, OAuthClient } from './clients.js'
import { OAuthError, invalidClient } from './oauth-error.js'
import type { OAuthState } from './oauth-state.js'
import type { OAuthParameters } from './parameters.js'

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** An assertion that lives longer is refused: its id would have to be remembered for as long. */
const longestAssertion = 600_000

interface Presented {
  readonly id: string
  readonly secret?: string
  readonly assertion?: string
}

/**
 * Finds out which client asks (RFC 6749 §2.3): by HTTP Basic, by a secret in the form, by a signed assertion (RFC 7523 §2.2), or,
 * for public clients, by nothing but its id. A client that has a secret or keys is never taken at its word.
 */
export class ClientAuthentication {
  readonly #verifiers = new WeakMap<OAuthClient, TokenVerifier>()

  constructor(
    private readonly issuer: string,
    private readonly clients: ClientSource,
    private readonly state: OAuthState,
  ) {}

  /** The client. Throws `invalid_client` for any other (401), `invalid_request` where it says in two ways who it is. */
  async authenticate(request: ApiRequest, form: OAuthParameters): Promise<OAuthClient> {
    const { id, secret, assertion } = presentedIn(request, form)
    const client = await this.clients.find(id)
    if (client === undefined) throw invalidClient('unknown-client')
    if (assertion !== undefined) return this.#withAssertion(client, assertion)
    if (secret !== undefined) return this.#withSecret(client, secret)
    if (!isPublicClient(client)) throw invalidClient('no-client-credentials')
    return client
  }

  async #withSecret(client: OAuthClient, secret: string): Promise<OAuthClient> {
    for (const hash of [client.secretHash ?? []].flat()) if (await isClientSecret(secret, hash)) return client
    throw invalidClient('wrong-client-secret')
  }

  async #withAssertion(client: OAuthClient, assertion: string): Promise<OAuthClient> {
    const now = this.state.clock.now()
    const { tokenId, expiresAt, claims } = await this.#verified(client, assertion, now)
    // Meant for this server alone: with several audiences another server could use it here.
    if ([claims['aud']].flat().length !== 1 || expiresAt === undefined || expiresAt > now + longestAssertion) {
      throw invalidClient('unfit-client-assertion')
    }
    const isFirst = await this.state.add(
      'assertion',
      JSON.stringify([client.id, tokenId]),
      expiresAt + clockTolerance * 1000 + rememberedLonger,
    )
    if (!isFirst) throw invalidClient('client-assertion-replayed')
    return client
  }

  async #verified(client: OAuthClient, assertion: string, now: number): Promise<Identity> {
    const verifier = this.#verifierOf(client)
    if (verifier === undefined) throw invalidClient('no-client-keys')
    try {
      const identity = await verifier.verify(assertion, now)
      if (identity.id === client.id) return identity
    } catch (thrown) {
      if (!(thrown instanceof TokenRefused)) throw thrown
      throw invalidClient(`client-assertion-${thrown.reason}`)
    }
    throw invalidClient('client-assertion-of-another')
  }

  #verifierOf(client: OAuthClient): TokenVerifier | undefined {
    const known = this.#verifiers.get(client)
    if (known !== undefined || client.jwks === undefined) return known
    const options = { issuer: client.id, audience: this.issuer, jwks: client.jwks, clockTolerance, claims: () => ({}) }
    const { verifier } = issuerOf(options, { maxTokenBytes: 8192, cacheSize: 0, place: `client ${client.id}`, report: () => undefined })
    this.#verifiers.set(client, verifier)
    return verifier
  }
}

/** Milliseconds for which an assertion is remembered past its end: clocks of two processes differ, and time passes between two looks. */
const rememberedLonger = 60_000

/** Seconds by which a client's clock may differ. */
const clockTolerance = 10

function presentedIn(request: ApiRequest, form: OAuthParameters): Presented {
  form.requireSingle()
  const ways = [
    ...(request.headers.authorization === undefined ? [] : [basic(request)]),
    ...(form.get('client_secret') === undefined ? [] : [{ id: form.require('client_id'), secret: form.require('client_secret') }]),
    ...(form.get('client_assertion') === undefined && form.get('client_assertion_type') === undefined ? [] : [asserted(form)]),
  ]
  const [way, second] = ways
  if (second !== undefined)
    throw new OAuthError('invalid_request', 'The client says in two ways who it is.', { reason: 'two-client-credentials' })
  const named = form.get('client_id')
  if (way === undefined) {
    if (named === undefined) throw invalidClient('no-client')
    return { id: named }
  }
  if (named !== undefined && named !== way.id) throw invalidClient('two-clients')
  return way
}

/** RFC 6749 §2.3.1: both parts are form-encoded before they are joined. */
function basic(request: ApiRequest): Presented {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(request.headers.authorization ?? '') ?? []
  if (encoded === undefined || isAuthorizedTwice(request)) throw invalidClient('malformed-basic')
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  const id = decoded(text.slice(0, colon))
  const secret = decoded(text.slice(colon + 1))
  if (colon < 0 || id === undefined || secret === undefined) throw invalidClient('malformed-basic')
  return { id, secret }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

function asserted(form: OAuthParameters): Presented {
  if (form.get('client_assertion_type') !== assertionType) throw invalidClient('other-assertion-type')
  const assertion = form.get('client_assertion') ?? ''
  return { id: form.get('client_id') ?? subjectOf(assertion), assertion }
}

/** Who an assertion says to be: nothing is believed, it only tells whose keys to try. */
function subjectOf(assertion: string): string {
  try {
    const claims: unknown = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString('utf8'))
    const { sub } = claims as { readonly sub?: unknown }
    return typeof sub === 'string' ? sub : ''
  } catch {
    return ''
  }
}
