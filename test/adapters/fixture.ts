import { Readable } from 'node:stream'
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator'
import {
  Authenticated,
  BodyLimit,
  Controller,
  Delete,
  Get,
  recentRecords,
  Post,
  Public,
  RequirePermission,
  Validate,
  bearer,
  created,
  createApi,
  createLogger,
  reply,
  tokenIssuer,
} from '../../lib/index.js'
import type { Api, ApiOptions, Context, RecentRecords } from '../../lib/index.js'

class Thing {
  @IsString()
  @MaxLength(20)
  name!: string

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(10)
  size?: number
}

class ThingId {
  @IsString()
  @MaxLength(64)
  id!: string
}

class Page {
  @IsOptional()
  @IsInt()
  @Min(1)
  page?: number
}

/** Long enough that every compressing middleware compresses it. */
export const longText = 'portcullis '.repeat(1_000)

@Controller('/things', { inject: [] })
export class ThingsController {
  @Get('/')
  @Public()
  @Validate({ query: Page })
  list({ query }: Context<{ query: Page }>) {
    return { page: query.page ?? 1 }
  }

  @Get('/long')
  @Public()
  long() {
    return { text: longText }
  }

  @Get('/stream')
  @Public()
  stream() {
    return reply(200, Readable.from(['one ', 'two ', 'three']), { 'Content-Type': 'text/plain' })
  }

  @Get('/text')
  @Public()
  text() {
    return reply(203, 'as it is', { 'Content-Type': 'text/plain', 'Cache-Control': 'public, max-age=60' })
  }

  @Get('/broken')
  @Public()
  broken(): never {
    throw new Error('the password of the database is hunter2')
  }

  @Get('/me')
  @Authenticated()
  me({ principal }: Context) {
    return { id: principal.id }
  }

  @Get('/:id')
  @Public()
  @Validate({ params: ThingId })
  get({ params }: Context<{ params: ThingId }>) {
    return { id: params.id }
  }

  @Post('/')
  @Public()
  @Validate({ body: Thing })
  @BodyLimit(200)
  create({ body }: Context<{ body: Thing }>) {
    return created({ thing: body }, { location: `/things/${encodeURIComponent(body.name)}` })
  }

  @Delete('/:id')
  @RequirePermission('things:delete')
  @Validate({ params: ThingId })
  remove(_context: Context<{ params: ThingId }>): void {}
}

const key = { algorithm: 'HS256', secret: 'kX2s8fQz0pWv7LdYb4Ne1RtGh6Jm9Ca3', kid: 'one' } as const
const issuer = 'https://auth.test'
const audience = 'https://api.test'

export const issue = tokenIssuer({ issuer, audience, key })

/** The API that every host is tried with; its records are in `records`. */
export interface Fixture {
  readonly api: Api
  readonly records: RecentRecords
}

export function fixture(options: Partial<ApiOptions> = {}): Fixture {
  const records = recentRecords()
  const api = createApi({
    controllers: [ThingsController],
    authentication: bearer({ issuer, audience, keys: [key] }),
    https: 'off',
    audit: { sinks: [records] },
    logger: createLogger({ silent: true }),
    ...options,
  })
  return { api, records }
}
