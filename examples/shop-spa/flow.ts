import * as oauth from 'oauth4webapi'

/** Who goes through the pages: gets the address, gives back where the browser was sent in the end. */
export type Person = (url: URL) => Promise<URL>

/** What the flow needs. */
export interface FlowOptions {
  /** Where the orders API runs. */
  readonly server: string
  readonly person: Person
  readonly redirectUri: string
  /** Tells what happens. */
  readonly say: (line: string) => void
}

const client: oauth.Client = { client_id: 'shop-spa' }
const scope = 'orders:read orders:write'

/**
 * What an app in a browser or on a phone does: authorization code with PKCE, without a secret. In a page of your own the code is the
 * same; only the person comes back by a redirect of the page itself.
 */
export async function runFlow({ server, person, redirectUri, say }: FlowOptions): Promise<void> {
  // Plain HTTP to this machine alone: leave it out for any other server.
  const http = { [oauth.allowInsecureRequests]: server.startsWith('http://127.0.0.1:') }
  const issuer = new URL(server)

  const metadata = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...http, algorithm: 'oauth2' }))
  say(`the authorization server is at ${metadata.authorization_endpoint}`)

  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const url = new URL(metadata.authorization_endpoint ?? '')
  url.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }).toString()

  // Throws unless state and issuer are those of this login.
  const back = oauth.validateAuthResponse(metadata, client, await person(url), state)
  say('the browser came back with a code, for this state and from this issuer')

  const answer = await oauth.authorizationCodeGrantRequest(metadata, client, oauth.None(), back, redirectUri, verifier, http)
  const first = await oauth.processAuthorizationCodeResponse(metadata, client, answer)
  say(`the code gave an access token for ${first.expires_in} seconds (${first.scope}), and a refresh token`)

  const orders = await oauth.protectedResourceRequest(
    first.access_token,
    'GET',
    new URL('/api/v1/orders', server),
    undefined,
    undefined,
    http,
  )
  const { total } = (await orders.json()) as { readonly total: number }
  say(`GET /api/v1/orders: ${orders.status}, ${total} orders`)

  const renewal = await oauth.refreshTokenGrantRequest(metadata, client, oauth.None(), first.refresh_token ?? '', http)
  const second = await oauth.processRefreshTokenResponse(metadata, client, renewal)
  say('the refresh token gave new ones, and is worth nothing now')

  await oauth.processRevocationResponse(
    await oauth.revocationRequest(metadata, client, oauth.None(), second.refresh_token ?? second.access_token, http),
  )
  const after = await fetch(new URL('/api/v1/orders', server), { headers: { authorization: `Bearer ${second.access_token}` } })
  say(`logged out: GET /api/v1/orders: ${after.status}`)
}
