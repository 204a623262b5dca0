// What grows with what: ten thousand routes, a million limited addresses, a thousand permissions. In one process, through `api.answer`.
import { createHmac } from 'node:crypto'
import { IsInt, IsString } from 'class-validator'
import { Authenticated, BodyLimit, Controller, Get, Post, Public, RequirePermission, Validate, bearer, createApi } from '../lib/index.js'
import type { Api, ApiOptions, Class, Context } from '../lib/index.js'
import { audience, issuer } from './contract.js'
import { answered, callEach, callFor, inProcessRequest, memoryInUse } from './in-process.js'
import { jwtSecret, tokenWith } from './requests.js'
import { undisturbed } from './statistics.js'
import type { BenchmarkOptions, SuiteResult, Table } from './suite.js'

/** One size of one thing. */
interface Point {
  readonly size: number
  /** Microseconds. */
  readonly request: number
  /** Bytes that the API and what it remembers take. */
  readonly memory: number
  /** Milliseconds that `createApi` took. */
  readonly boot: number
}

interface Dimension {
  readonly name: string
  readonly sizes: readonly number[]
  /** Where the cost is to stay the same whatever the size is: which of the sizes the others are compared with. */
  readonly flatFrom?: number
  /** Makes an API of this size, with a call that is measured, and what must have happened before. */
  make(size: number): Subject
}

interface Subject {
  readonly api: Api
  readonly prepare?: () => Promise<void>
  readonly call: (number: number) => Promise<unknown>
}

const dimensions: readonly Dimension[] = [
  { name: 'routes', sizes: [10, 100, 1_000, 10_000], flatFrom: 0, make: routes },
  { name: 'limited addresses', sizes: [1, 1_000, 100_000, 1_000_000], flatFrom: 0, make: addresses },
  { name: 'permissions of a caller', sizes: [1, 10, 100, 1_000], flatFrom: 0, make: permissions },
  { name: 'remembered tokens', sizes: [0, 1, 100, 10_000, 100_000], flatFrom: 1, make: rememberedTokens },
  { name: 'fields of a DTO', sizes: [1, 10, 100, 1_000], make: fields },
  { name: 'bytes of a body', sizes: [1_000, 10_000, 100_000, 1_000_000], make: payload },
]

const quickSizes = 3

export async function scale(options: BenchmarkOptions): Promise<SuiteResult> {
  const measured: Array<readonly [Dimension, readonly Point[]]> = []
  for (const dimension of dimensions) measured.push([dimension, await pointsOf(dimension, options)])
  return {
    title: 'Scale: what grows with what',
    tables: measured.map(([dimension, points]) => tableOf(dimension, points)),
    charts: {
      scale: {
        kind: 'lines',
        title: 'What should not grow',
        unit: 'time of a request, × that of the smallest size',
        lines: measured.flatMap(([{ name, sizes, flatFrom }, points]) =>
          flatFrom === undefined
            ? []
            : {
                label: `${name}, to ${(sizes[points.length - 1] ?? 0).toLocaleString('en-US')}`,
                values: points.slice(flatFrom).map(({ request }) => request / (points[flatFrom]?.request ?? Number.NaN)),
              },
        ),
      },
    },
    notes: [
      'In one process, without a network: requests are made as objects, answered by api.answer, and thrown away. Memory is what is in use after a garbage collection, less what was before.',
      'Limited addresses: each request comes from the next of so many; the store holds 100,000 counters by default, so of a million addresses it remembers some and stays as large as it is.',
      'Permissions of a caller: they stand in the token, which grows to 14 kB with a thousand of them and is compared whole on each request.',
      'Remembered tokens: 0 verifies the signature each time, and stands beside for comparison; otherwise each request bears the next of so many, so that the largest find nothing of theirs in the caches of the processor.',
      'DTO fields and bytes of a body have to be read: their columns tell what one more costs. Of objects with a thousand fields each costs several times as much: the engine keeps those as tables.',
    ],
    packages: ['class-validator'],
  }
}

/** An API of one size, and what making it has cost. */
interface Made extends Subject {
  readonly size: number
  readonly memory: number
  readonly boot: number
}

async function pointsOf(
  { name, sizes, make }: Dimension,
  { rounds, milliseconds, isQuick, progress }: BenchmarkOptions,
): Promise<readonly Point[]> {
  const wanted = isQuick ? sizes.slice(0, quickSizes) : sizes
  const made: Made[] = []
  // The smallest first, for nothing: so that it is not the one that pays for what is compiled and loaded on the way.
  for (const size of [...wanted.slice(0, 1), ...wanted]) {
    progress(`scale: ${size} ${name}`)
    made.push(await makeOne(make, size, milliseconds))
  }
  const samples = await inTurn(made, rounds, milliseconds / 2)
  for (const { api } of made) await api.close()
  return made.slice(1).map((one) => ({ ...one, request: undisturbed(samples.get(one) ?? []) }))
}

async function makeOne(make: Dimension['make'], size: number, milliseconds: number): Promise<Made> {
  const memoryBefore = await memoryInUse()
  const start = performance.now()
  const subject = make(size)
  const boot = performance.now() - start
  await subject.prepare?.()
  await callFor(subject.call, milliseconds)
  return { ...subject, size, boot, memory: Math.max(0, (await memoryInUse()) - memoryBefore) }
}

/** Calls each in turn, round by round, so that what disturbs one disturbs all. Gives the microseconds of a call in each round. */
async function inTurn(made: readonly Made[], rounds: number, milliseconds: number): Promise<ReadonlyMap<Made, readonly number[]>> {
  const samples = new Map(made.map((one) => [one, [] as number[]]))
  const next = new Map<Made, number>()
  for (let round = 0; round < rounds; round++) {
    for (const [one, microseconds] of samples) {
      const calls = await callFor(one.call, milliseconds, next.get(one))
      next.set(one, calls.next)
      microseconds.push(calls.microseconds)
    }
  }
  return samples
}

function tableOf({ name, flatFrom }: Dimension, points: readonly Point[]): Table {
  const flat = flatFrom === undefined ? undefined : points[flatFrom]
  const rows = points.map(({ size, request, memory, boot }, index) => {
    const before = points[index - 1]
    const more = before === undefined ? undefined : ((request - before.request) * 1000) / (size - before.size)
    const growth = flat === undefined ? more : request / flat.request
    return [size.toLocaleString('en-US'), request, growth, memory / 1e6, boot]
  })
  return { title: name, columns: [name, 'µs a request', flat === undefined ? 'ns for one more' : '× smallest', 'MB', 'boot ms'], rows }
}

const authentication = bearer({
  issuer,
  audience,
  keys: [{ algorithm: 'HS256', secret: jwtSecret }],
  requireTokenId: false,
  maxTokenBytes: 65_536,
  // More than there are tokens of all sizes together.
  cache: { size: 200_000 },
})

function apiOf(options: ApiOptions): Api {
  return createApi({ authentication, https: 'off', audit: { sinks: [] }, ...options })
}

type Handler = (context: Context) => unknown

/** One method with decorators, as a class that was written would have it. */
function decorate(type: Class, name: string, ...decorators: readonly MethodDecorator[]): void {
  for (const decorator of decorators) decorator(type.prototype as object, name, Object.getOwnPropertyDescriptor(type.prototype, name) ?? {})
}

function routes(count: number): Subject {
  const perController = 10
  const controllers = Array.from({ length: Math.ceil(count / perController) }, (_, number) => controllerOf(number, perController))
  const api = apiOf({ controllers })
  const token = tokenWith({})
  const last = `/things-${controllers.length - 1}/of-9/42`
  return { api, call: () => answered(api, inProcessRequest({ method: 'GET', path: last, token }), 200) }
}

function controllerOf(number: number, methods: number): Class {
  class Things {}
  for (let index = 0; index < methods; index++) {
    const name = `read${index}`
    const handler: Handler = () => ({ number })
    Object.defineProperty(Things.prototype, name, { value: handler, configurable: true })
    decorate(Things, name, Get(`/of-${index}/:id`), RequirePermission('orders:write'))
  }
  Controller(`/things-${number}`, { inject: [] })(Things)
  return Things
}

@Controller('/thing', { inject: [] })
class ThingController {
  @Get('/public')
  @Public()
  open() {
    return { is: 'here' }
  }

  @Get('/own')
  @Authenticated()
  own() {
    return { is: 'here' }
  }

  @Get('/permitted')
  @RequirePermission('things:read-0')
  permitted() {
    return { is: 'here' }
  }
}

function addresses(count: number): Subject {
  const api = apiOf({ controllers: [ThingController], rateLimit: { default: '1000000000 per minute; 1000000000 per hour' } })
  const call = (number: number) => answered(api, inProcessRequest({ method: 'GET', path: '/thing/public' }, addressOf(number % count)), 200)
  return {
    api,
    call,
    prepare: () => callEach(count, call),
  }
}

function addressOf(number: number): string {
  return `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`
}

function permissions(count: number): Subject {
  const api = apiOf({ controllers: [ThingController] })
  const token = tokenWith({ permissions: Array.from({ length: count }, (_, number) => `things:read-${number}`) })
  return { api, call: () => answered(api, inProcessRequest({ method: 'GET', path: '/thing/permitted', token }), 200) }
}

function rememberedTokens(count: number): Subject {
  const uncached = bearer({ issuer, audience, keys: [{ algorithm: 'HS256', secret: jwtSecret }], requireTokenId: false, cache: false })
  const api = apiOf({ controllers: [ThingController], ...(count === 0 ? { authentication: uncached } : {}) })
  const tokens = Array.from({ length: Math.max(1, count) }, (_, number) => quicklySigned(number))
  const call = (number: number) => {
    const token = tokens[number % tokens.length] ?? ''
    return answered(api, inProcessRequest({ method: 'GET', path: '/thing/own', token }), 200)
  }
  return {
    api,
    call,
    prepare: () => callEach(count, call),
  }
}

/** As `tokenWith`, in a tenth of the time. */
function quicklySigned(number: number): string {
  const segment = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const exp = Math.floor(Date.now() / 1000) + 3600
  const signed = `${segment({ alg: 'HS256', typ: 'JWT' })}.${segment({ sub: `u${number}`, iss: issuer, aud: audience, exp })}`
  return `${signed}.${createHmac('sha256', jwtSecret).update(signed).digest('base64url')}`
}

/** A controller whose one route takes a body of this class. */
function bodyController(dto: Class): Class {
  @Controller('/body', { inject: [] })
  class BodyController {
    @Post('/')
    @Public()
    @BodyLimit('2mb')
    @Validate({ body: dto })
    take({ body }: Context<{ body: object }>) {
      return { is: typeof body }
    }
  }
  return BodyController
}

function fields(count: number): Subject {
  class Wide {}
  const names = Array.from({ length: count }, (_, number) => `field${number}`)
  for (const name of names) IsInt()(Wide.prototype, name)
  return posting(Wide, JSON.stringify(Object.fromEntries(names.map((name, number) => [name, number]))))
}

class Text {
  @IsString()
  text!: string
}

function payload(bytes: number): Subject {
  return posting(Text, JSON.stringify({ text: 'a'.repeat(bytes - 11) }))
}

function posting(dto: Class, body: string): Subject {
  const api = apiOf({ controllers: [bodyController(dto)] })
  return { api, call: () => answered(api, inProcessRequest({ method: 'POST', path: '/body', body }), 200) }
}
