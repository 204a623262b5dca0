// Hono on node-server with its own middlewares: secure-headers, body-limit, jwt, and hono-rate-limiter, zod, pino.
import type { Server } from 'node:http'
import { serve as serveHono } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { Hono } from 'hono'
import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit as limitBody } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { jwt } from 'hono/jwt'
import { secureHeaders } from 'hono/secure-headers'
import { rateLimiter } from 'hono-rate-limiter'
import { bodies } from '../bodies.js'
import {
  announce,
  audience,
  bodyLimit,
  createOrder,
  endOnSignal,
  environment,
  host,
  issuer,
  ordersPath,
  port,
  users,
  usersPath,
} from '../contract.js'
import type { Claims, Order } from '../contract.js'
import { actionOf, pinoLog } from './log.js'

const { secret, logFile, perMinute, perHour } = environment()
const log = pinoLog(logFile)
const algorithm = { name: 'HMAC', hash: 'SHA-256' }
const key = await crypto.subtle.importKey('raw', Buffer.from(secret), algorithm, false, ['verify'])

const addressOf = (context: Context) => getConnInfo(context).remote.address ?? ''
const claimsOf = (context: Context) => context.get('jwtPayload') as Claims | undefined

const logged: MiddlewareHandler = async (context, next) => {
  const startedAt = performance.now()
  await next()
  const { method, path } = context.req
  const status = context.res.status
  const duration = performance.now() - startedAt
  const headers = context.req.header()
  log.write({ method, path, status, duration, ip: addressOf(context), action: actionOf(method), subject: claimsOf(context)?.sub, headers })
}

function allowed(permission: string): MiddlewareHandler {
  return async (context, next) => {
    if (claimsOf(context)?.permissions?.includes(permission) !== true) return context.json({ error: 'forbidden' }, 403)
    await next()
    return undefined
  }
}

const limited = (limit: number, windowMs: number) => rateLimiter({ limit, windowMs, keyGenerator: addressOf, standardHeaders: false })

const app = new Hono()
app.use(logged)
app.use(
  secureHeaders({
    contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    strictTransportSecurity: 'max-age=31536000; includeSubDomains',
    xFrameOptions: 'DENY',
  }),
)
app.use(limited(perMinute, 60_000))
app.use(limited(perHour, 3_600_000))
app.use(jwt({ secret: key, alg: 'HS256', verification: { iss: issuer, aud: audience } }))
app.post(ordersPath, allowed('orders:write'), limitBody({ maxSize: bodyLimit }), async (context) => {
  const parsed = bodies['order']!.zodSchema.safeParse(await jsonOf(context))
  if (!parsed.success) return context.json({ error: 'invalid body', problems: parsed.error.issues }, 422)
  return context.json(createOrder(parsed.data as Order), 201)
})
app.get(usersPath, allowed('admin:read'), (context) => context.json({ users }))
app.onError((error, context) => {
  const status = error instanceof HTTPException ? error.status : 500
  return context.json({ error: 'the request failed' }, status)
})

async function jsonOf(context: Context): Promise<unknown> {
  try {
    return await context.req.json()
  } catch {
    throw new HTTPException(400)
  }
}

const server = serveHono({ fetch: app.fetch, port, hostname: host }, () => announce(server)) as Server
endOnSignal(server, log.flush)
