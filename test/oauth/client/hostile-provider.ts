import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT, exportJWK, generateKeyPair } from 'jose'

/** What a server does with a request that was read to its end. */
type Answering = (response: ServerResponse, form: URLSearchParams, request: IncomingMessage) => unknown

/** An OpenID provider that does what a test wants, and what a good one never does. */
export interface HostileProvider {
  readonly issuer: string
  /** `POST /token`, in order. */
  readonly asked: string[]
  /** Answers by path, in the place of what it would do by itself. */
  readonly answers: Map<string, Answering>
  /** Members of its metadata that are different. */
  metadata: Readonly<Record<string, unknown>>
  /** Claims of its ID tokens that are different. */
  claims: Readonly<Record<string, unknown>>
  /** Members of its token answers that are different. */
  tokens: Readonly<Record<string, unknown>>
  /** Makes of an ID token another one. */
  forge: (idToken: string) => string
  /** As a good one, again. */
  behave(): void
  close(): Promise<void>
}

const clientId = 'web'

export function json(response: ServerResponse, body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

export async function startHostileProvider(): Promise<HostileProvider> {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }
  const codes = new Map<string, string>()
  let issued = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => void answer(request, response, new URLSearchParams(Buffer.concat(chunks).toString())))
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const provider: HostileProvider = {
    issuer,
    asked: [],
    answers: new Map(),
    metadata: {},
    claims: {},
    tokens: {},
    forge: (token) => token,
    behave() {
      provider.asked.length = 0
      provider.answers.clear()
      Object.assign(provider, { metadata: {}, claims: {}, tokens: {}, forge: (token: string) => token })
    },
    close: () => new Promise((resolve) => void (server.closeAllConnections(), server.close(() => resolve()))),
  }

  async function answer(request: IncomingMessage, response: ServerResponse, form: URLSearchParams): Promise<void> {
    const url = new URL(request.url ?? '/', issuer)
    if (!url.pathname.startsWith('/.well-known/') && url.pathname !== '/jwks') provider.asked.push(`${request.method} ${url.pathname}`)
    const other = provider.answers.get(url.pathname)
    if (other !== undefined) await other(response, form, request)
    else if (url.pathname.startsWith('/.well-known/')) json(response, metadata())
    else if (url.pathname === '/jwks') json(response, { keys: [jwk] })
    else if (url.pathname === '/authorize') authorize(url, response)
    else if (url.pathname === '/token') await token(form, response)
    else response.writeHead(url.pathname === '/revoke' ? 200 : 404).end()
  }

  const metadata = () => ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    revocation_endpoint: `${issuer}/revoke`,
    jwks_uri: `${issuer}/jwks`,
    id_token_signing_alg_values_supported: ['RS256'],
    authorization_response_iss_parameter_supported: true,
    ...provider.metadata,
  })

  /** Whoever comes is logged in, and may. */
  function authorize({ searchParams: asked }: URL, response: ServerResponse): void {
    const code = `code-${(issued += 1)}`
    codes.set(code, JSON.stringify([asked.get('nonce'), asked.get('code_challenge')]))
    const location = new URL(asked.get('redirect_uri') ?? '')
    const answered = { code, state: asked.get('state') ?? '', iss: issuer }
    for (const [name, value] of Object.entries(answered)) location.searchParams.set(name, value)
    response.writeHead(303, { location: location.href }).end()
  }

  async function token(form: URLSearchParams, response: ServerResponse): Promise<void> {
    const [nonce, challenge] = JSON.parse(codes.get(form.get('code') ?? '') ?? '[]') as ReadonlyArray<string | undefined>
    codes.delete(form.get('code') ?? '')
    const proved = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    const isCode = form.get('grant_type') === 'authorization_code'
    if (isCode && challenge !== proved) {
      json(response, { error: 'invalid_grant' }, 400)
      return
    }
    const claims = { iss: issuer, aud: clientId, sub: 'alice', nonce, ...provider.claims }
    const idToken = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey)
    json(response, {
      access_token: `access-${(issued += 1)}`,
      refresh_token: `refresh-${issued}`,
      token_type: 'Bearer',
      expires_in: 300,
      ...(isCode ? { id_token: provider.forge(idToken) } : {}),
      ...provider.tokens,
    })
  }

  return provider
}
