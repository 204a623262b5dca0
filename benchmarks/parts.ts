// Each step alone, beside what others do for the same.
import { createSecretKey, generateKeyPairSync, webcrypto } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { Ajv } from 'ajv'
import { plainToInstance } from 'class-transformer'
import { validateSync } from 'class-validator'
import { createVerifier } from 'fast-jwt'
import findMyWay from 'find-my-way'
import { SignJWT, importJWK, jwtVerify } from 'jose'
import jwt from 'jsonwebtoken'
import { do_not_optimize as keep, measure } from 'mitata'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { Compile } from 'typebox/compile'
import { created, successReply } from '../lib/answer.js'
import { MemoryRateLimitStore, Redactor, bearer, createLogger, parseLimits } from '../lib/index.js'
import type { Algorithm, Charge } from '../lib/index.js'
import { Exchange } from '../lib/exchange.js'
import { HeaderBlock } from '../lib/header-block.js'
import { Router } from '../lib/routing/router.js'
import { Issues } from '../lib/validation/issues.js'
import { partCheck } from '../lib/validation/part.js'
import { ordersApi } from './api.js'
import { bodies, goodOrder } from './bodies.js'
import type { BenchmarkBody } from './bodies.js'
import { audience, issuer, ordersPath, securityHeaders, usersPath } from './contract.js'
import { answered, callFor, inProcessRequest } from './in-process.js'
import { jwtSecret, tokenWith } from './requests.js'
import type { BenchmarkOptions, SuiteResult, Table } from './suite.js'

/** What is measured under one heading: names, and what is called. The first is what the others are compared with. */
interface Part {
  readonly title: string
  readonly contenders: Readonly<Record<string, () => unknown>>
}

export async function parts(options: BenchmarkOptions): Promise<SuiteResult> {
  const tables: Table[] = []
  for (const part of await allParts()) tables.push(await tableOf(part, options))
  return {
    title: 'Parts: each step alone',
    tables,
    charts: {},
    notes: [
      'Measured by mitata in one process, nanoseconds: half of the calls were faster than the median; the mean has collections of garbage in it.',
      'Bodies: Portcullis and class-transformer make instances of classes, zod and typebox may copy, ajv does not; each must say yes to the good body and no to the bad one. What was parsed is given again each time.',
      'The whole pipeline makes a request object and a stream for each call, and answers to no socket.',
    ],
    packages: [
      'ajv',
      'class-transformer',
      'class-validator',
      'fast-jwt',
      'find-my-way',
      'jose',
      'jsonwebtoken',
      'rate-limiter-flexible',
      'typebox',
      'zod',
    ],
  }
}

async function allParts(): Promise<readonly Part[]> {
  return [
    ...(await tokenParts()),
    ...Object.entries(bodies).flatMap(([name, body]) => bodyParts(name, body)),
    limits(),
    records(),
    replies(),
    routing(),
    wholePipeline(),
  ]
}

async function tableOf({ title, contenders }: Part, { milliseconds, progress }: BenchmarkOptions): Promise<Table> {
  const rows: Array<readonly [string, number, number, number]> = []
  for (const [name, call] of Object.entries(contenders)) {
    progress(`parts: ${title}, ${name}`)
    await callFor(call, milliseconds / 4)
    const { avg, p50 } = await measure(call, { min_cpu_time: milliseconds * 1e6 })
    rows.push([name, p50, avg, p50 / (rows[0]?.[1] ?? p50)])
  }
  return { title, columns: [title, 'median ns', 'mean ns', '× first'], rows }
}

// ── tokens ──

/** Prepared for all: of a text, jsonwebtoken and jose would make a key for each call. */
function keysFor(algorithm: Algorithm): { readonly sign: KeyObject; readonly verify: KeyObject } {
  if (algorithm.startsWith('HS')) {
    const key = createSecretKey(Buffer.from(jwtSecret))
    return { sign: key, verify: key }
  }
  const { privateKey, publicKey } = algorithm.startsWith('ES')
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : algorithm === 'EdDSA'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { sign: privateKey, verify: publicKey }
}

async function tokenParts(): Promise<readonly Part[]> {
  const made: Part[] = []
  for (const algorithm of ['HS256', 'RS256', 'PS256', 'ES256', 'EdDSA'] as const) {
    const { sign, verify } = keysFor(algorithm)
    const token = await new SignJWT({ sub: 'u1', jti: 'b1', permissions: ['orders:write'] })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('1 h')
      .sign(sign)
    made.push({ title: `a token, ${algorithm}`, contenders: await verifiersOf(algorithm, verify, token) })
  }
  return made
}

/** As jose wants them: others it converts. */
function keyOfJose(algorithm: Algorithm, key: KeyObject) {
  if (key.type !== 'secret') return importJWK(key.export({ format: 'jwk' }), algorithm)
  return webcrypto.subtle.importKey('raw', key.export(), { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
}

async function verifiersOf(algorithm: Algorithm, key: KeyObject, token: string): Promise<Part['contenders']> {
  const joses = await keyOfJose(algorithm, key)
  const own = key.type === 'secret' ? { algorithm, secret: key } : { algorithm, publicKey: key }
  const cached = bearer({ issuer, audience, keys: [own] }).verifier
  const { verifier } = bearer({ issuer, audience, keys: [own], cache: false })
  const text = key.type === 'secret' ? jwtSecret : key.export({ type: 'spki', format: 'pem' })
  const fast = createVerifier({ key: text, algorithms: [algorithm as 'HS256'], allowedIss: issuer, allowedAud: audience, cache: false })
  const fastCached = createVerifier({
    key: text,
    algorithms: [algorithm as 'HS256'],
    allowedIss: issuer,
    allowedAud: audience,
    cache: true,
  })
  const options = { algorithms: [algorithm as 'HS256'], issuer, audience }
  return {
    'Portcullis, verified': () => keep(verifier.verify(token, Date.now())),
    'Portcullis, remembered': () => keep(cached.verify(token, Date.now())),
    'fast-jwt': () => keep(fast(token)),
    'fast-jwt, remembered': () => keep(fastCached(token)),
    ...(algorithm === 'EdDSA' ? {} : { jsonwebtoken: () => keep(jwt.verify(token, key, options)) }),
    jose: () => jwtVerify(token, joses, options),
  }
}

// ── bodies ──

type Check = (parsed: unknown) => boolean

const notAsked = {
  mistake: (problem: string): never => {
    throw new Error(problem)
  },
} as unknown as Parameters<typeof partCheck>[0]['route']

/** Each says yes or no to parsed JSON. */
function checksOf({ dto, jsonSchema, zodSchema }: BenchmarkBody): Readonly<Record<string, Check>> {
  const byAjv = new Ajv().compile(jsonSchema)
  const byTypebox = Compile(jsonSchema)
  const part = partCheck({ part: 'body', fromTexts: false, route: notAsked }, dto, { groups: [], unknown: 'refuse', maxItems: 10_000 })
  return {
    Portcullis: (parsed) => {
      const issues = new Issues('body')
      return part.value(parsed, issues) instanceof dto && issues.list.length === 0
    },
    ajv: (parsed) => byAjv(parsed),
    typebox: (parsed) => byTypebox.Check(parsed),
    zod: (parsed) => zodSchema.safeParse(parsed).success,
    'class-transformer + class-validator': (parsed) => {
      const instance: object = plainToInstance(dto, parsed)
      return validateSync(instance, { whitelist: true, forbidNonWhitelisted: true }).length === 0
    },
  }
}

function bodyParts(name: string, body: BenchmarkBody): readonly Part[] {
  const checks = checksOf(body)
  const partOf = (title: string, value: object, isGood: boolean): Part => {
    const text = JSON.stringify(value)
    const parsed = JSON.parse(text) as unknown
    for (const [contender, check] of Object.entries(checks)) {
      if (check(parsed) !== isGood) throw new Error(`${contender} gives the wrong verdict on ${title}`)
    }
    const contenders = Object.fromEntries(Object.entries(checks).map(([contender, check]) => [contender, () => keep(check(parsed))]))
    return {
      title: `${title}, ${Buffer.byteLength(text)} bytes`,
      contenders: { ...contenders, 'JSON.parse, alone': () => keep(JSON.parse(text)) },
    }
  }
  return [partOf(`a good body (${name})`, body.good, true), partOf(`a bad body (${name})`, body.bad, false)]
}

// ── the rest ──

function limits(): Part {
  const store = new MemoryRateLimitStore()
  const charge = (key: string): readonly Charge[] => [
    { rule: 'OrdersController.create', key, windows: parseLimits('1000000000 per minute; 1000000000 per hour'), cost: 1 },
  ]
  const one = charge('192.0.2.1')
  const many = Array.from({ length: 10_000 }, (_, number) => charge(`10.0.${number >> 8}.${number & 255}`))
  const minute = new RateLimiterMemory({ keyPrefix: 'minute', points: 1e9, duration: 60 })
  const hour = new RateLimiterMemory({ keyPrefix: 'hour', points: 1e9, duration: 3600 })
  let count = 0
  return {
    title: 'two limits',
    contenders: {
      'Portcullis, one address': () => keep(store.consume(one)),
      'Portcullis, 10,000 addresses': () => keep(store.consume(many[count++ % many.length] ?? one)),
      'rate-limiter-flexible, one address': async () => {
        await minute.consume('192.0.2.1')
        await hour.consume('192.0.2.1')
      },
    },
  }
}

function records(): Part {
  const redactor = new Redactor()
  const { headers } = inProcessRequest({ method: 'POST', path: ordersPath, token: tokenWith({}), body: goodOrder })
  return {
    title: 'one walk for a record',
    contenders: {
      'the headers, redacted': () => keep(redactor.json(headers)),
      'the order, redacted': () => keep(redactor.json(goodOrder)),
      'the order, by JSON.stringify, nothing redacted': () => keep(JSON.stringify(goodOrder)),
    },
  }
}

function replies(): Part {
  const request = inProcessRequest({ method: 'GET', path: '/' })
  const runtime = { logger: createLogger({ silent: true }), clock: { now: () => Date.now() } }
  const newExchange = () =>
    new Exchange(
      request,
      { name: 'Things.list', method: 'GET', path: '/' },
      { path: '/', query: '', params: {} },
      { address: '192.0.2.1', secure: false },
      'request-1',
      runtime,
    )
  const exchange = newExchange()
  exchange.result = created({ id: '1', status: 'created', total: 4_500 })
  const block = new HeaderBlock(Object.freeze(Object.entries(securityHeaders).flat()))
  const sets = { secure: block, plain: block }
  return {
    title: 'around a request',
    contenders: {
      'the state of a request, made': () => keep(newExchange()),
      'a reply with its headers': () => keep(successReply(exchange, sets)),
    },
  }
}

function routing(): Part {
  const own = new Router<string>()
  const theirs = findMyWay()
  for (let number = 0; number < 100; number++) {
    for (const path of [`/api/v1/things-${number}`, `/api/v1/things-${number}/:id/parts/:part`]) {
      own.add('GET', path, path)
      theirs.on('GET', path, () => undefined)
    }
  }
  const [plain, named] = ['/api/v1/things-42', '/api/v1/things-42/7/parts/9']
  return {
    title: 'a route among 200',
    contenders: {
      'Portcullis, no parameters': () => keep(own.find('GET', plain)),
      'find-my-way, no parameters': () => keep(theirs.find('GET', plain)),
      'Portcullis, two parameters': () => keep(own.find('GET', named)),
      'find-my-way, two parameters': () => keep(theirs.find('GET', named)),
    },
  }
}

function wholePipeline(): Part {
  const options = { secret: jwtSecret, perMinute: 1e9, perHour: 1e9, sinks: [], has: () => true }
  const api = ordersApi({ ...options, cachesTokens: true })
  const uncached = ordersApi({ ...options, cachesTokens: false })
  const limited = ordersApi({ ...options, perMinute: 1, perHour: 1, cachesTokens: true })
  const token = tokenWith({})
  const order = { method: 'POST', path: ordersPath, token, body: JSON.stringify(goodOrder) }
  const stranger = tokenWith({ permissions: [] })
  const bad = JSON.stringify(bodies['order']?.bad)
  return {
    title: 'the whole pipeline',
    contenders: {
      'POST, 201': () => answered(api, inProcessRequest(order), 201),
      'POST, 201, token verified each time': () => answered(uncached, inProcessRequest(order), 201),
      'GET, 200': () => answered(api, inProcessRequest({ method: 'GET', path: usersPath, token }), 200),
      'refused, 401': () => answered(api, inProcessRequest({ ...order, token: `${token.slice(0, -6)}AAAAAA` }), 401),
      'refused, 403': () => answered(api, inProcessRequest({ ...order, token: stranger }), 403),
      'refused, 422': () => answered(api, inProcessRequest({ ...order, body: bad }), 422),
      'refused, 429': () => limited.answer(inProcessRequest(order)),
      'the request alone': () => keep(inProcessRequest(order)),
    },
  }
}
