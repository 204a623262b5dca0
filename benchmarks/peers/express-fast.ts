// Express with the fastest of the common parts: fast-jwt with its cache, rate-limiter-flexible in memory, ajv, pino.
import { createServer } from 'node:http'
import { Ajv } from 'ajv'
import express from 'express'
import type { ErrorRequestHandler, RequestHandler } from 'express'
import { createVerifier } from 'fast-jwt'
import helmet from 'helmet'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { bodies } from '../bodies.js'
import { audience, bodyLimit, createOrder, environment, helmetOptions, issuer, ordersPath, serve, users, usersPath } from '../contract.js'
import type { Claims, Order } from '../contract.js'
import { actionOf, pinoLog } from './log.js'

const { secret, logFile, perMinute, perHour, cachesTokens } = environment()
const log = pinoLog(logFile)
const verify = createVerifier({ key: secret, cache: cachesTokens, algorithms: ['HS256'], allowedIss: issuer, allowedAud: audience })
const minute = new RateLimiterMemory({ keyPrefix: 'minute', points: perMinute, duration: 60 })
const hour = new RateLimiterMemory({ keyPrefix: 'hour', points: perHour, duration: 3600 })
const isOrder = new Ajv().compile(bodies['order']!.jsonSchema)

const logged: RequestHandler = (request, response, next) => {
  const startedAt = performance.now()
  response.on('finish', () => {
    const { method, path, ip, headers } = request
    const { subject } = response.locals as { readonly subject?: string }
    const duration = performance.now() - startedAt
    log.write({ method, path, status: response.statusCode, duration, ip, action: actionOf(method), subject, headers })
  })
  next()
}

const limited: RequestHandler = async (request, response, next) => {
  const key = request.ip ?? ''
  try {
    await Promise.all([minute.consume(key), hour.consume(key)])
  } catch {
    response.status(429).json({ error: 'too many requests' })
    return
  }
  next()
}

const authenticated: RequestHandler = (request, response, next) => {
  const { authorization = '' } = request.headers
  try {
    if (!authorization.startsWith('Bearer ')) throw new Error('no token')
    const claims = verify(authorization.slice(7)) as Claims
    response.locals['subject'] = claims.sub
    response.locals['permissions'] = claims.permissions ?? []
  } catch {
    response.status(401).json({ error: 'unauthenticated' })
    return
  }
  next()
}

function allowed(permission: string): RequestHandler {
  return (_request, response, next) => {
    const { permissions } = response.locals as { readonly permissions: readonly string[] }
    if (permissions.includes(permission)) next()
    else response.status(403).json({ error: 'forbidden' })
  }
}

const validated: RequestHandler = (request, response, next) => {
  if (isOrder(request.body)) next()
  else response.status(422).json({ error: 'invalid body', problems: isOrder.errors })
}

const failed: ErrorRequestHandler = (error: { readonly status?: number }, _request, response, _next) => {
  response.status(error.status ?? 500).json({ error: 'the request failed' })
}

const app = express()
app.disable('x-powered-by').disable('etag')
app.use(logged, helmet(helmetOptions), limited, authenticated)
app.post(ordersPath, allowed('orders:write'), express.json({ limit: bodyLimit }), validated, (request, response) => {
  response.status(201).json(createOrder(request.body as Order))
})
app.get(usersPath, allowed('admin:read'), (_request, response) => {
  response.json({ users })
})
app.use(failed)
serve(createServer(app), log.flush)
