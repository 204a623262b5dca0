import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { createApi } from '../api.js'
import type { Api } from '../api.js'
import { created, reply } from '../answer.js'
import { createLogger } from '../audit/logger.js'
import { recentRecords } from '../audit/sinks.js'
import type { RecentRecords } from '../audit/sinks.js'
import { bearer } from '../authentication/bearer.js'
import { tokenIssuer } from '../authentication/token-issuer.js'
import { Authenticated, Public } from '../authorization/requirements.js'
import { BodyLimit, Consumes } from '../body/body.js'
import type { Context } from '../context.js'
import type { Class } from '../decorator.js'
import { Controller, Delete, Get, Post } from '../routing/routing.js'
import { Validate } from '../validation/decorator.js'

const issuer = 'https://auth.test'
const audience = 'https://api.test'
const key = { algorithm: 'HS256', secret: randomBytes(32).toString('base64url'), kid: 'kit' } as const

/** A token that the kit's APIs know, of a caller with this id. */
export function tokenOf(id: string): string {
  return tokenIssuer({ issuer, audience, key }).issue({ sub: id }).token
}

/** What the cases watch of the kit's own handlers. */
interface Watched {
  /** Chunks of 64 KB that the endless stream has made. */
  chunks: number
  /** Whether the endless stream was let go. */
  isLetGo: boolean
  /** Handlers that wait for the client to leave. */
  waiting: number
  /** Handlers that were told so. */
  told: number
}

/** The API that every adapter is tried with. */
export interface KitApi {
  readonly api: Api
  readonly records: RecentRecords
  readonly watched: Watched
}

function schemaOf<T>(read: (value: unknown) => T | undefined): StandardSchemaV1<unknown, T> {
  function validate(value: unknown): StandardSchemaV1.Result<T> {
    const made = read(value)
    return made === undefined ? { issues: [{ message: 'is not what this route takes' }] } : { value: made }
  }
  return { '~standard': { version: 1, vendor: 'portcullis', validate } }
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

const thing = schemaOf((value) => {
  const { name, ...others } = membersOf(value)
  return typeof name === 'string' && Object.keys(others).length === 0 ? { name } : undefined
})

const page = schemaOf((value) => {
  const { page: number = '1', ...others } = membersOf(value)
  return typeof number === 'string' && /^\d{1,3}$/.test(number) && Object.keys(others).length === 0 ? { page: Number(number) } : undefined
})

const thingId = schemaOf((value) => {
  const { id } = membersOf(value)
  return typeof id === 'string' ? { id } : undefined
})

interface Name {
  readonly name: string
}

function thingsController(watched: Watched): Class {
  @Controller('/things', { inject: [] })
  @Public()
  class ThingsController {
    @Get('/')
    @Validate({ query: page })
    list({ query }: Context<{ query: { page: number } }>) {
      return { page: query.page }
    }

    @Get('/where')
    where({ address, request }: Context) {
      return { address, encrypted: request.encrypted, method: request.method, target: request.target }
    }

    @Get('/me')
    @Authenticated()
    me({ principal }: Context) {
      return { id: principal.id }
    }

    @Get('/text')
    text() {
      return reply(203, 'as it is, ü', { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'public, max-age=60' })
    }

    @Get('/bytes')
    bytes() {
      return reply(200, Buffer.from(Uint8Array.from({ length: 70_000 }, (_, index) => index % 256)))
    }

    @Get('/nothing')
    nothing(): void {}

    @Get('/unchanged')
    unchanged() {
      return reply(304, undefined, { ETag: '"1"' })
    }

    @Get('/headers')
    headers(context: Context) {
      context.setHeader('Set-Cookie', 'a=1; Path=/, not the end')
      context.setHeader('Set-Cookie', 'b=2')
      context.setHeader('Link', '</a>; rel="next"')
      context.setHeader('Link', '</b>; rel="prev"')
      return { headers: 'twice' }
    }

    @Get('/broken')
    broken(): never {
      throw new Error('the password of the database is hunter2')
    }

    @Get('/stream')
    stream() {
      return reply(200, Readable.from(['one ', Buffer.from('two '), 'three']), { 'Content-Type': 'text/plain' })
    }

    @Get('/broken-stream')
    brokenStream() {
      async function* half(): AsyncGenerator<string> {
        yield 'half of '
        await new Promise((resolve) => setTimeout(resolve, 10))
        throw new Error('the source broke off')
      }
      return reply(200, Readable.from(half()), { 'Content-Type': 'text/plain' })
    }

    @Get('/endless')
    endless() {
      const chunk = Buffer.alloc(65_536, 'x')
      const source = new Readable({
        read() {
          watched.chunks += 1
          this.push(chunk)
        },
        destroy(error, done) {
          watched.isLetGo = true
          done(error)
        },
      })
      return reply(200, source)
    }

    @Get('/waits')
    waits({ signal }: Context): Promise<void> {
      watched.waiting += 1
      return new Promise((resolve) =>
        signal.addEventListener('abort', () => {
          watched.told += 1
          resolve()
        }),
      )
    }

    @Get('/:id')
    @Validate({ params: thingId })
    get({ params }: Context<{ params: { id: string } }>) {
      return { id: params.id }
    }

    @Post('/')
    @BodyLimit(200)
    @Validate({ body: thing })
    create({ body }: Context<{ body: Name }>) {
      return created({ thing: body }, { location: `/things/${encodeURIComponent(body.name)}` })
    }

    @Post('/large')
    @BodyLimit('1mb')
    @Validate({ body: thing })
    large({ body }: Context<{ body: Name }>) {
      return { digest: digestOf(body.name) }
    }

    @Post('/form')
    @Consumes('form')
    @Validate({ body: thing })
    form({ body }: Context<{ body: Name }>) {
      return { thing: body }
    }

    @Delete('/:id')
    remove(): void {}
  }
  return ThingsController
}

/** What the route for large bodies says of one. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Makes the API anew: each case has one of its own, or what one leaves behind is another's surprise. */
export function kitApi({ timeout }: { readonly timeout?: number } = {}): KitApi {
  const watched: Watched = { chunks: 0, isLetGo: false, waiting: 0, told: 0 }
  const records = recentRecords()
  const api = createApi({
    controllers: [thingsController(watched)],
    authentication: bearer({ issuer, audience, keys: [key] }),
    https: 'off',
    audit: { sinks: [records] },
    logger: createLogger({ silent: true }),
    timeout: timeout ?? 10_000,
  })
  return { api, records, watched }
}
