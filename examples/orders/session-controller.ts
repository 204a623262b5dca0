import {
  Audit,
  Authenticated,
  Controller,
  Get,
  Post,
  Public,
  RateLimit,
  Unauthenticated,
  Validate,
  noteEvent,
  tokens,
  addressGroup,
} from '../../lib/index.js'
import type { Context, Revocations, TokenIssuer } from '../../lib/index.js'
import { Credentials } from './input.js'
import { Users } from './users.js'

/** Where the container keeps what signs access tokens. */
export const accessTokens = Symbol('accessTokens')

// Whoever has one IPv6 address has 2^64: they count as one, or nobody would be limited.
const groupOf = addressGroup()

function addressAndName({ address, body }: Context<{ body: Credentials }>): string {
  return `${groupOf(address)}|${body.username.toLowerCase()}`
}

@Controller('/api/v1', { inject: [Users, accessTokens, tokens.revocations] })
export class SessionController {
  constructor(
    private readonly users: Users,
    private readonly issuer: TokenIssuer,
    private readonly revocations: Revocations,
  ) {}

  @Post('/login')
  @Public()
  @RateLimit('5 per minute', { by: addressAndName })
  @Validate({ body: Credentials })
  @Audit('session.login')
  async login(context: Context<{ body: Credentials }>) {
    const { username, password } = context.body
    const user = await this.users.withPassword(username, password)
    if (user === undefined) throw wrongCredentials()
    noteEvent(context, 'authn_login_success')
    const { token, expiresIn } = this.issuer.issue({ sub: user.id, roles: user.roles })
    return { access_token: token, token_type: 'Bearer', expires_in: expiresIn }
  }

  @Post('/logout')
  @Authenticated()
  @Audit('session.logout')
  async logout(context: Context): Promise<void> {
    await this.revocations.revokeToken(context.principal)
    noteEvent(context, 'authn_token_revoked')
  }

  @Get('/me')
  @Authenticated()
  me({ principal: { id, kind, roles, permissions } }: Context) {
    return { id, kind, roles, permissions: [...permissions].toSorted() }
  }
}

/** The same for a name that nobody has and for a wrong password. */
function wrongCredentials(): Unauthenticated {
  return new Unauthenticated('The user name or the password is wrong.', {
    event: 'authn_login_fail',
    reason: 'wrong-credentials',
  })
}
