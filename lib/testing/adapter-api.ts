import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { createApi } from '../api.js'
import type { Api } from '../api.js'
import { created, reply } from '../answer.js'
import type { Answer } from '../answer.js'
import { createLogger } from '../audit/logger.js'
import { recentRecords } from '../audit/sinks.js'
import type { RecentRecords } from '../audit/sinks.js'
import { bearer } from '../authentication/bearer.js'
import { tokenIssuer } from '../authentication/token-issuer.js'
import { Authenticated, Public } from '../authorization/requirements.js'
import { BodyLimit, Consumes } from '../body/body.js'
import type { Context } from '../context.js'
import type { Class } from '../decorator.js'
import { ApiError, Conflict } from '../errors.js'
import { Controller, Delete, Get, Post } from '../routing/routing.js'
import { Validate } from '../validation/decorator.js'

const issuer = 'https://auth.test'
const audience = 'https://api.test'
/** What makes two of the kit's APIs the same one, in two processes too: it is JSON. */
export interface ConformanceApiOptions {
  /** Signs the tokens of the cases. */
  readonly secret: string
  /** Milliseconds that a request may take. */
  readonly timeout: number
}

/** Made when they are asked for: some hosts give no random bytes while modules load. */
export function freshOptions(timeout = 10_000): ConformanceApiOptions {
  return { secret: randomBytes(32).toString('base64url'), timeout }
}

function keyOf({ secret }: ConformanceApiOptions) {
  return { algorithm: 'HS256', secret, kid: 'kit' } as const
}

/** A token that the kit's APIs of this secret know, of a caller with this id. */
export function tokenOf(id: string, options: ConformanceApiOptions): string {
  return tokenIssuer({ issuer, audience, key: keyOf(options) }).issue({ sub: id }).token
}

/** What a record says of a request that the cases look at. */
export interface SeenRequest {
  readonly status: number
  readonly reason?: string
  readonly client_gone?: boolean
}

/** What the cases watch of the kit's own handlers. */
interface Watched {
  /** Chunks of 64 KB that the endless stream has made. */
  chunks: number
  /** Endless streams that are open. */
  streams: number
  /** Whether every endless stream that was given was let go. */
  isLetGo: boolean
  /** Handlers that wait for the client to leave. */
  waiting: number
  /** Handlers that were told so, and gave an endless stream for their answer. */
  told: number
}

/** What the kit's API has seen so far. It is JSON. */
export interface ConformanceSeen extends Readonly<Watched> {
  /** Of every request that was recorded, the newest first. */
  readonly requests: readonly SeenRequest[]
}

/** The API that every adapter is tried with. */
export interface ConformanceApi {
  readonly api: Api
  seen(): ConformanceSeen
}

/** The same, with what it is made of. */
export interface KitApi extends ConformanceApi {
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

const emptyStatus = schemaOf((value) => {
  const { status } = membersOf(value)
  return status === '204' || status === '205' || status === '304' ? { status: Number(status) } : undefined
})

interface Name {
  readonly name: string
}

function endlessStream(watched: Watched): Readable {
  const chunk = Buffer.alloc(65_536, 'x')
  watched.streams += 1
  watched.isLetGo = false
  return new Readable({
    read() {
      watched.chunks += 1
      this.push(chunk)
    },
    destroy(error, done) {
      watched.streams -= 1
      watched.isLetGo = watched.streams === 0
      done(error)
    },
  })
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

    @Get('/empty/:status')
    @Validate({ params: emptyStatus })
    empty({ params }: Context<{ params: { status: number } }>) {
      return reply(params.status, { sent: 'never' }, { ETag: '"1"' })
    }

    @Get('/empty/:status/stream')
    @Validate({ params: emptyStatus })
    emptyStream({ params }: Context<{ params: { status: number } }>) {
      return reply(params.status, Readable.from(['never']), { 'Content-Length': '5' })
    }

    @Get('/empty/:status/failure')
    @Validate({ params: emptyStatus })
    emptyFailure({ params }: Context<{ params: { status: number } }>): never {
      throw new ApiError(params.status, 'empty', 'Empty', 'Nobody reads this.')
    }

    @Get('/headers')
    headers(context: Context) {
      context.setHeader('Set-Cookie', 'a=1; Path=/, not the end')
      context.setHeader('Set-Cookie', 'b=2')
      context.setHeader('Link', '</a>; rel="next"')
      context.setHeader('Link', '</b>; rel="prev"')
      return { headers: 'twice' }
    }

    @Get('/renamed')
    renamed(context: Context) {
      context.setHeader('Content-Type', 'text/csv')
      context.setHeader('ETag', '"1"')
      context.setHeader('etag', '"2"')
      return Buffer.from('a,b')
    }

    @Get('/passed-on')
    passedOn(context: Context) {
      context.setHeader('Content-Type', 'text/html')
      context.setHeader('Retry-After', '1')
      return reply(200, 'of another server', {
        'Content-Type': 'text/plain',
        'X-Request-Id': 'another',
        'Retry-After': '2',
        'Transfer-Encoding': 'chunked',
        Trailer: 'Expires',
        TE: 'gzip',
      })
    }

    @Get('/misnamed')
    misnamed(context: Context): never {
      context.setHeader('Content-Type', 'text/html')
      throw new Conflict('It was taken.', { headers: ['Content-Type', 'text/html', 'X-Request-Id', 'another', 'Retry-After', '1'] })
    }

    @Get('/located')
    located() {
      return created({ name: 'é' }, { location: '/things/é%20€?a=b' })
    }

    @Get('/beyond-ascii')
    beyondAscii(context: Context) {
      context.setHeader('X-Name', 'café')
      return 'never'
    }

    @Get('/split')
    split(): never {
      throw new Conflict('It was taken.', { headers: ['Location', '/a\r\nSet-Cookie: a=b'] })
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

    @Get('/failed-stream')
    failedStream() {
      return reply(200, new Readable().destroy(new Error('the source was never there')))
    }

    @Get('/endless')
    endless() {
      return reply(200, endlessStream(watched))
    }

    @Get('/waits')
    waits({ signal }: Context): Promise<Answer> {
      watched.waiting += 1
      return new Promise((resolve) =>
        signal.addEventListener('abort', () => {
          watched.told += 1
          resolve(reply(200, endlessStream(watched)))
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

/**
 * The API of `adapterConformance`, made in the process of a host that cannot run in the one of the tests: `options` are those that the kit has
 * handed to `start`, and `seen()` is what the server that `start` gives must tell.
 */
export function conformanceApi(options: ConformanceApiOptions): ConformanceApi {
  return kitApi(options)
}

/** Makes the API anew: each case has one of its own, or what one leaves behind is another's surprise. */
export function kitApi(options: ConformanceApiOptions = freshOptions()): KitApi {
  const watched: Watched = { chunks: 0, streams: 0, isLetGo: false, waiting: 0, told: 0 }
  const records = recentRecords()
  const api = createApi({
    controllers: [thingsController(watched)],
    authentication: bearer({ issuer, audience, keys: [keyOf(options)] }),
    https: 'off',
    audit: { sinks: [records] },
    logger: createLogger({ silent: true }),
    timeout: options.timeout,
  })
  return { api, records, watched, seen: () => ({ ...watched, requests: requestsIn(records) }) }
}

function requestsIn(records: RecentRecords): readonly SeenRequest[] {
  return records.newest().flatMap((record) => {
    const { status, reason, client_gone } = record as unknown as Partial<SeenRequest>
    if (status === undefined) return []
    return [{ status, ...(reason === undefined ? {} : { reason }), ...(client_gone === undefined ? {} : { client_gone }) }]
  })
}
