import { OAuthError } from './oauth-error.js'
import type { OAuthState } from './oauth-state.js'
import { OAuthParameters } from './parameters.js'
import { randomSecret } from './secrets.js'

const prefix = 'urn:ietf:params:oauth:request_uri:'

interface Pushed {
  readonly clientId: string
  readonly parameters: unknown
}

/** Authorization requests that clients sent ahead (RFC 9126). */
export class PushedRequests {
  constructor(
    private readonly state: OAuthState,
    /** Milliseconds: in it the person must have logged in. */
    private readonly lifetime: number,
  ) {}

  /** Keeps a request that was found sound; answers with the name that stands for it. */
  async push(clientId: string, parameters: unknown): Promise<{ readonly requestUri: string; readonly expiresIn: number }> {
    const secret = randomSecret()
    await this.state.set('pushed', secret, { clientId, parameters } satisfies Pushed, this.lifetime)
    return { requestUri: `${prefix}${secret}`, expiresIn: this.lifetime / 1000 }
  }

  /** The parameters of a request that this client pushed. */
  async find(requestUri: string, clientId: string): Promise<OAuthParameters> {
    const pushed = (await this.state.get<Pushed>('pushed', secretIn(requestUri)))?.value
    if (pushed?.clientId !== clientId) throw unknownRequest()
    return new OAuthParameters(pushed.parameters)
  }

  /** Uses a request up: it gives one code. */
  async use(requestUri: string): Promise<void> {
    if ((await this.state.take('pushed', secretIn(requestUri))) === undefined) throw unknownRequest()
  }
}

function secretIn(requestUri: string): string {
  if (!requestUri.startsWith(prefix)) throw unknownRequest()
  return requestUri.slice(prefix.length)
}

function unknownRequest(): OAuthError {
  return new OAuthError('invalid_request_uri', 'The pushed request is not there any more.', { reason: 'unknown-request-uri' })
}
