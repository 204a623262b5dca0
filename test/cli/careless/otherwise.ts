import { Allow, IsInt, IsNotEmptyObject, IsObject, IsOptional, Matches } from 'class-validator'
import { z } from 'zod'
import {
  Audit,
  Authenticated,
  Controller,
  Get,
  MemoryRateLimitStore,
  MemoryStateStore,
  Patch,
  Post,
  RateLimit,
  SecurityHeaders,
  Validate,
  bearer,
  createApi,
  createContainer,
  createLogger,
  tokenIssuer,
  tokens,
} from '../../../lib/index.js'
import type { Api, Context, TokenIssuer } from '../../../lib/index.js'

class Note {
  @IsObject({ each: true }) list!: object[]
  @IsNotEmptyObject() full!: object
  @IsOptional() maybe?: unknown
  @Allow() any!: unknown
  @Matches('^(\\w+\\s?)*$', 'i') words!: string
  @Matches(/^[a-z0-9]+(?:-[a-z0-9]+)*$/) quick!: string
  @IsInt() count!: number
}

const loose = z.looseObject({
  count: z.int(),
  email: z.string().regex(/^([a-z]+)*@x$/),
  code: z.string().regex(/^[A-Z]{3}-\d{4}$/),
  meta: z.record(z.string(), z.unknown()),
  kinds: z.array(z.enum(['a', 'b'])),
  anything: z.any(),
  choice: z.union([z.strictObject({ a: z.string().max(9) }), z.looseObject({})]),
})

/** The application's own service, which keeps what issues tokens. */
class Sessions {
  constructor(readonly issuer: TokenIssuer) {}
}

@Controller('/otherwise', { inject: [Sessions] })
class Otherwise {
  constructor(readonly sessions: Sessions) {}

  @Patch('/')
  @Authenticated()
  @RateLimit('5 per minute')
  @Validate({ body: Note })
  @Audit('note.change')
  classes({ body }: Context<{ body: Note }>) {
    return body.count
  }

  @Post('/')
  @Authenticated()
  @RateLimit('5 per minute')
  @Validate({ body: loose })
  @Audit('note.create')
  schemas({ body }: Context<{ body: z.infer<typeof loose> }>) {
    return body.count
  }

  @Get('/page')
  @Authenticated()
  @RateLimit('5 per minute')
  @SecurityHeaders({ 'content-security-policy': "default-src 'none'; script-src 'UNSAFE-INLINE' *" })
  page() {
    return []
  }

  @Get('/general')
  @Authenticated()
  limitGeneral() {
    return []
  }
}

/** What its audit must find: each sin once, and nothing that is none. */
export const otherSins: readonly string[] = [
  'medium object-untyped Note.list',
  'medium object-untyped Note.full',
  'low property-untyped Note.maybe',
  'low property-untyped Note.any',
  'high pattern-slow Note.words',
  'medium object-untyped Otherwise.schemas.body',
  'high pattern-slow Otherwise.schemas.body.email',
  'medium object-untyped Otherwise.schemas.body.meta',
  'low property-untyped Otherwise.schemas.body.anything',
  'medium object-untyped Otherwise.schemas.body.choice',
  'medium policy-unsafe Otherwise.page',
  'info limit-general Otherwise.limitGeneral',
  'high secret-guessable tokenIssuer.key',
  'medium token-long-lived tokenIssuer.lifetime',
  'low state-in-process tokens.state',
  'low limits-in-process tokens.rateLimitStore',
]

/** The sins of the careless API, as somebody else would write them. */
export function otherwiseCarelessApi(): Api {
  const key = { algorithm: 'HS256', secret: 'changeme-changeme-changeme-changeme', dangerouslyAcceptGuessableSecret: true } as const
  const audience = { issuer: 'https://auth.example.com', audience: 'https://api.example.com' }
  const container = createContainer()
  container.registerInstance(Sessions, new Sessions(tokenIssuer({ ...audience, key, lifetime: 7_200 })))
  container.registerInstance(tokens.state, new MemoryStateStore())
  container.registerInstance(tokens.rateLimitStore, new MemoryRateLimitStore())
  return createApi({
    controllers: [Otherwise],
    container,
    authentication: bearer({ ...audience, keys: [{ algorithm: 'HS256', secret: 'ruq8Vb2LwZ0nXk5TcY7sJm4GdHf9Pe1A' }] }),
    rateLimit: { default: '100 per minute' },
    logger: createLogger({ silent: true }),
  })
}
