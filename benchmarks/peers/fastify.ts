// Fastify with its own plugins: helmet, rate-limit, jwt with its cache, ajv behind its schemas, pino.
import fastifyHelmet from '@fastify/helmet'
import fastifyJwt from '@fastify/jwt'
import fastifyRateLimit from '@fastify/rate-limit'
import { LogController, fastify } from 'fastify'
import type { FastifyBaseLogger, FastifyRequest, onRequestHookHandler } from 'fastify'
import { bodies } from '../bodies.js'
import {
  announce,
  audience,
  bodyLimit,
  createOrder,
  endOnSignal,
  environment,
  helmetOptions,
  host,
  issuer,
  ordersPath,
  port,
  users,
  usersPath,
} from '../contract.js'
import type { Claims, Order } from '../contract.js'
import { actionOf, pinoLog } from './log.js'

const { secret, logFile, perMinute, perHour, cachesTokens } = environment()
const log = pinoLog(logFile)
const logger: FastifyBaseLogger = log.logger

const app = fastify({
  bodyLimit,
  loggerInstance: logger,
  logController: new LogController({ disableRequestLogging: true }),
  // Fastify's own defaults convert what comes and leave out what is unknown.
  ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
})
await app.register(fastifyHelmet, helmetOptions)
await app.register(fastifyRateLimit, { global: false })
await app.register(fastifyJwt, {
  secret,
  verify: { algorithms: ['HS256'], allowedIss: issuer, allowedAud: audience, cache: cachesTokens },
})

const isWithin = [app.createRateLimit({ max: perMinute, timeWindow: 60_000 }), app.createRateLimit({ max: perHour, timeWindow: 3_600_000 })]

app.addHook('onRequest', async (request, reply) => {
  for (const check of isWithin) {
    const limit = await check(request)
    if (!limit.isAllowed && limit.isExceeded) return reply.code(429).send({ error: 'too many requests' })
  }
  await request.jwtVerify()
  return undefined
})

app.addHook('onResponse', (request, reply, done) => {
  const { method, url, ip, headers } = request
  const { statusCode: status, elapsedTime: duration } = reply
  request.log.info({ method, path: url, status, duration, ip, action: actionOf(method), subject: claimsOf(request)?.sub, headers })
  done()
})

app.setErrorHandler((error: { readonly statusCode?: number; readonly validation?: unknown }, _request, reply) => {
  const problems = error.validation
  void reply.code(problems === undefined ? (error.statusCode ?? 500) : 422).send({ error: 'the request failed', problems })
})

function claimsOf(request: FastifyRequest): Claims | undefined {
  return request.user as Claims | undefined
}

/** Runs after the hook above, and before the body is read. */
function allowed(permission: string): onRequestHookHandler {
  return (request, reply, done) => {
    if (claimsOf(request)?.permissions?.includes(permission) === true) done()
    else void reply.code(403).send({ error: 'forbidden' })
  }
}

const created = { type: 'object', properties: { id: { type: 'string' }, status: { type: 'string' }, total: { type: 'integer' } } }

app.post(
  ordersPath,
  {
    onRequest: allowed('orders:write'),
    schema: { body: bodies['order']!.jsonSchema, response: { 201: created } },
  },
  (request, reply) => {
    reply.code(201)
    return createOrder(request.body as Order)
  },
)
app.get(usersPath, { onRequest: allowed('admin:read') }, () => ({ users }))
await app.listen({ port, host })
announce(app.server)
endOnSignal(app.server, log.flush)
