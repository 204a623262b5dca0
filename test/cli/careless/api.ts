import { IsArray, IsDefined, IsInt, IsObject, Matches } from 'class-validator'
import {
  Audit,
  Authenticated,
  Authorize,
  BodyLimit,
  Controller,
  Delete,
  Get,
  Nested,
  Patch,
  Post,
  Public,
  Put,
  RateLimit,
  RequirePermission,
  SecurityHeaders,
  Validate,
  bearer,
  createApi,
  createContainer,
  createLogger,
  tokenIssuer,
} from '../../../lib/index.js'
import type { Api, Context } from '../../../lib/index.js'

class Inner {
  @IsInt() amount!: number
}

class Loose {
  @IsObject() anything!: object
  @IsDefined() whatever!: unknown
  @IsArray() list!: unknown[]
  @Matches(/^(a+)+$/) slow!: string
  @Matches(/^[a-z]{1,8}$/) quick!: string
  @Nested(() => Inner) inner!: Inner
}

class Id {
  @IsInt() id!: number
}

class Small {
  @IsInt() size!: number
}

const issuer = Symbol('issuer')

/** Every route is good but for what its name says. */
@Controller('/careless', { inject: [issuer] })
@RateLimit('10 per minute', { by: 'principal' })
class Careless {
  constructor(readonly tokens: unknown) {}

  @Post('/nothing')
  @RequirePermission('things:write')
  @Validate({ body: Small })
  @Audit('thing.create')
  good({ body }: Context<{ body: Small }>) {
    return body
  }

  @Get('/objects/:id')
  @Authenticated()
  @Validate({ params: Id })
  objectUndecided({ params }: Context<{ params: Id }>) {
    return params
  }

  @Get('/observed/:id')
  @Authenticated()
  @Validate({ params: Id })
  @Authorize(({ params }: Context<{ params: Id }>) => ({ id: params.id }), () => false, { mode: 'observe' })
  observed({ resource }: Context<{ resource: { id: number } }>) {
    return resource
  }

  @Post('/unvalidated')
  @Public()
  @Audit('thing.poke')
  inputUnvalidated() {
    return []
  }

  @Put('/loose')
  @RequirePermission('things:write')
  @Validate({ body: Loose })
  @Audit('thing.replace')
  loose({ body }: Context<{ body: Loose }>) {
    return body.quick
  }

  @Patch('/dropping')
  @RequirePermission('things:write')
  @Validate({ body: Small }, { unknown: 'drop' })
  @Audit('thing.change')
  unknownDropped({ body }: Context<{ body: Small }>) {
    return body
  }

  @Get('/cleared')
  @RequirePermission('things:read')
  @Audit('things.deleteAll')
  writeOnGet() {
    return []
  }

  @Delete('/unrecorded')
  @RequirePermission('things:delete')
  @Validate({ query: Small })
  unrecorded() {
    return []
  }

  @Get('/framed')
  @Authenticated()
  @SecurityHeaders({ 'X-Frame-Options': false, 'Content-Security-Policy': "default-src 'self' 'unsafe-inline'" })
  framed() {
    return []
  }

  @Post('/large')
  @RequirePermission('things:write')
  @BodyLimit('50mb')
  @Validate({ body: Small })
  @Audit('thing.upload')
  large({ body }: Context<{ body: Small }>) {
    return body
  }
}

@Controller('/unlimited', { inject: [] })
class Unlimited {
  @Get('/')
  @Authenticated()
  limitMissing() {
    return []
  }
}

/** What its audit must find: each sin once, and nothing that is none. */
export const sins: readonly string[] = [
  'medium object-undecided Careless.objectUndecided',
  'high only-observed Careless.observed',
  'medium input-unvalidated Careless.inputUnvalidated',
  'medium object-untyped Loose.anything',
  'low property-untyped Loose.whatever',
  'low property-untyped Loose.list',
  'high pattern-slow Loose.slow',
  'low unknown-dropped Careless.unknownDropped',
  'medium write-on-get Careless.writeOnGet',
  'low write-unrecorded Careless.unrecorded',
  'medium header-removed Careless.framed',
  'medium policy-unsafe Careless.framed',
  'low body-large Careless.large',
  'medium limit-missing Unlimited.limitMissing',
  'high secret-guessable authentication.keys[0]',
  'high secret-guessable tokenIssuer.key',
  'medium token-long-lived tokenIssuer.lifetime',
  'low state-in-process tokens.state',
  'low limits-in-process tokens.rateLimitStore',
  'medium cors-wide cors.origins',
  'low cors-credentials cors.credentials',
  'low proxies-wide trustProxy',
  'high proxies-wide trustProxy',
  'low hsts-short headers',
  'medium https-off https',
  'high records-nowhere audit.sinks',
]

/** An API that starts, and that nobody should. */
export function carelessApi(): Api {
  const key = { algorithm: 'HS256', secret: 'my-super-secret-password-for-jwt-tokens', dangerouslyAcceptGuessableSecret: true } as const
  const container = createContainer()
  container.registerInstance(issuer, tokenIssuer({ issuer: 'careless', audience: 'careless', key, lifetime: 86_400 }))
  return createApi({
    controllers: [Careless, Unlimited],
    container,
    authentication: bearer({ issuer: 'careless', audience: 'careless', keys: [key] }),
    cors: { origins: ['http://shop.example.com', 'https://shop.example.com', 'http://localhost:3000'], credentials: true },
    trustProxy: ['10.0.0.0/8', '128.0.0.0/1', '192.0.2.7', '198.51.100.0/24'],
    headers: { 'Strict-Transport-Security': 'max-age=300' },
    https: 'off',
    audit: { sinks: [] },
    logger: createLogger({ silent: true }),
  })
}
