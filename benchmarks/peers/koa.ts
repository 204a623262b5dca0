// Koa with its usual parts: koa-helmet, koa-ratelimit, koa-jwt, koa-bodyparser, class-validator, winston.
import { createServer } from 'node:http'
import { plainToInstance } from 'class-transformer'
import { validate } from 'class-validator'
import Koa from 'koa'
import type { Context, Middleware, Next } from 'koa'
import bodyParser from 'koa-bodyparser'
import helmet from 'koa-helmet'
import jwt from 'koa-jwt'
import ratelimit from 'koa-ratelimit'
import { audience, bodyLimit, createOrder, environment, helmetOptions, issuer, ordersPath, serve, users, usersPath } from '../contract.js'
import type { Claims } from '../contract.js'
import { CreateOrder } from '../create-order.js'
import { actionOf, winstonLog } from './log.js'

const { key, logFile, perMinute, perHour } = environment()
const log = winstonLog(logFile)

const logged: Middleware = async (context, next) => {
  const startedAt = performance.now()
  try {
    await next()
  } catch (error) {
    const { status = 500 } = error as { readonly status?: number }
    context.status = status
    context.body = { error: 'the request failed' }
  }
  const { method, path, ip, headers } = context
  const { user } = context.state as { readonly user?: Claims }
  const duration = performance.now() - startedAt
  log.write({ method, path, status: context.status, duration, ip, action: actionOf(method), subject: user?.sub, headers })
}

function limited(max: number, duration: number): Middleware {
  return ratelimit({ driver: 'memory', db: new Map(), max, duration, id: ({ ip }) => ip, disableHeader: true })
}

async function allowed(context: Context, permission: string, next: () => unknown): Promise<void> {
  const { permissions = [] } = context.state['user'] as Claims
  if (!permissions.includes(permission)) context.throw(403)
  await next()
}

const parsed = bodyParser({ enableTypes: ['json'], jsonLimit: String(bodyLimit) })

async function create(context: Context, next: Next): Promise<void> {
  if (context.method !== 'POST' || context.path !== ordersPath) return next()
  return allowed(context, 'orders:write', async () => {
    await parsed(context, async () => undefined)
    const order = plainToInstance(CreateOrder, context.request.body)
    const errors = await validate(order, { whitelist: true, forbidNonWhitelisted: true })
    context.status = errors.length > 0 ? 422 : 201
    context.body =
      errors.length > 0
        ? { error: 'invalid body', problems: errors.map(({ property, constraints }) => ({ property, constraints })) }
        : createOrder(order)
  })
}

async function list(context: Context, next: Next): Promise<void> {
  if (context.method !== 'GET' || context.path !== usersPath) return next()
  return allowed(context, 'admin:read', () => {
    context.body = { users }
  })
}

const app = new Koa()
app.use(logged)
app.use(helmet(helmetOptions))
app.use(limited(perMinute, 60_000))
app.use(limited(perHour, 3_600_000))
// Its types know texts and bytes alone; jsonwebtoken behind it takes a key, and makes one for each call where it has none.
app.use(jwt({ secret: key as unknown as Buffer, algorithms: ['HS256'], issuer, audience }))
app.use(create)
app.use(list)
const answer = app.callback()
serve(
  createServer((request, response) => void answer(request, response)),
  log.flush,
)
