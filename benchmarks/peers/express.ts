// Express as most write it with care: helmet, jsonwebtoken, rate-limiter-flexible, class-validator, winston.
import { createServer } from 'node:http'
import { plainToInstance } from 'class-transformer'
import { validate } from 'class-validator'
import express from 'express'
import type { ErrorRequestHandler, RequestHandler } from 'express'
import helmet from 'helmet'
import jwt from 'jsonwebtoken'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { audience, bodyLimit, createOrder, environment, helmetOptions, issuer, ordersPath, serve, users, usersPath } from '../contract.js'
import type { Claims } from '../contract.js'
import { CreateOrder } from '../create-order.js'
import { actionOf, winstonLog } from './log.js'

const { key, logFile, perMinute, perHour } = environment()
const log = winstonLog(logFile)
const minute = new RateLimiterMemory({ keyPrefix: 'minute', points: perMinute, duration: 60 })
const hour = new RateLimiterMemory({ keyPrefix: 'hour', points: perHour, duration: 3600 })

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
  try {
    await minute.consume(request.ip ?? '')
    await hour.consume(request.ip ?? '')
  } catch {
    response.status(429).json({ error: 'too many requests' })
    return
  }
  next()
}

const authenticated: RequestHandler = (request, response, next) => {
  const [scheme, token = ''] = request.headers.authorization?.split(' ') ?? []
  try {
    if (scheme !== 'Bearer') throw new Error('no token')
    const claims = jwt.verify(token, key, { algorithms: ['HS256'], issuer, audience }) as Claims
    Object.assign(response.locals, { subject: claims.sub, permissions: claims.permissions ?? [] })
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

function validated(type: new () => object): RequestHandler {
  return async (request, response, next) => {
    const instance = plainToInstance(type, request.body)
    const errors = await validate(instance, { whitelist: true, forbidNonWhitelisted: true })
    if (errors.length > 0) {
      const problems = errors.map(({ property, constraints }) => ({ property, constraints }))
      response.status(422).json({ error: 'invalid body', problems })
      return
    }
    request.body = instance
    next()
  }
}

const failed: ErrorRequestHandler = (error: { readonly status?: number }, _request, response, _next) => {
  response.status(error.status ?? 500).json({ error: 'the request failed' })
}

const app = express().disable('x-powered-by').disable('etag')
app.use(logged, helmet(helmetOptions), limited, authenticated)
app.post(ordersPath, allowed('orders:write'), express.json({ limit: bodyLimit }), validated(CreateOrder), (request, response) => {
  response.status(201).json(createOrder(request.body as CreateOrder))
})
app.get(usersPath, allowed('admin:read'), (_request, response) => {
  response.json({ users })
})
app.use(failed)
serve(createServer(app), log.flush)
