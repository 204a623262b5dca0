import { randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Logger } from 'winston'
import { securityConsole } from '../../lib/console.js'
import type { CheckedChain } from '../../lib/console.js'
import { bearer, createApi, createContainer, createLogger, recentRecords, tokenIssuer } from '../../lib/index.js'
import type { Api, ApiOptions, Sink } from '../../lib/index.js'
import { openApi } from '../../lib/openapi.js'
import { AdminController, recordsInMemory } from './admin-controller.js'
import { ordersAuthorization } from './authorization.js'
import { openDatabase } from './database.js'
import { HealthController } from './health-controller.js'
import { OrderStore } from './order-store.js'
import { OrdersController } from './orders-controller.js'
import { permissions, roles } from './permissions.js'
import { keepInRedis } from './redis.js'
import { SearchController } from './search-controller.js'
import { SessionController, accessTokens } from './session-controller.js'
import { Users } from './users.js'

/** Who issues the tokens of `/api/v1/login`, and whom they are for. */
export const issuer = 'https://auth.orders.example'
export const audience = 'https://orders.example'

/** What its document says of it besides what its declarations say. */
export const description = {
  info: {
    title: 'Orders',
    version: '1.0.0',
    description: 'Orders of a shop, as an example of a protected API.',
    contact: { name: 'The people of the shop', url: 'https://orders.example/contact', email: 'api@orders.example' },
    license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
  },
}

/** What the API stands on. But for its address it needs nothing, and keeps nothing. */
export interface OrdersOptions {
  /** Where it is served: the issuer of its OAuth tokens, and the resource that they are for. With `https:`, plain HTTP is refused. */
  readonly url: string
  /** `:memory:`, `file:orders.db` or `postgres://…`. @default ':memory:' */
  readonly databaseUrl?: string | undefined
  /** Keeps limits, revoked tokens and what OAuth must remember. @default in memory */
  readonly redisUrl?: string | undefined
  /** Milliseconds that a call to Redis may take. @default 50 */
  readonly redisDeadline?: number | undefined
  /** Signs tokens: 32 bytes or more. @default random, so that no token outlives the process */
  readonly key?: string | undefined
  /** Signs OAuth tokens: an EC key on P-256. @default random, so that no token outlives the process */
  readonly signingKey?: KeyObject | undefined
  /** Whether calls are limited. @default true */
  readonly limits?: boolean
  readonly trustProxy?: ApiOptions['trustProxy']
  /** Where records go, besides the memory that `/api/v1/admin/audit` shows. @default nowhere */
  readonly sinks?: readonly Sink[]
  /** Which of them has a chain that the console shows the health of. @default none */
  readonly chain?: CheckedChain | undefined
  readonly logger?: Logger
}

/** The API, and what it must let go of in the end. */
export interface OrdersApp {
  readonly api: Api
  /** Flushes records and closes connections. Call it when the server has closed. */
  readonly close: () => Promise<void>
}

/** Opens the stores and makes the API. */
export async function openOrders(options: OrdersOptions): Promise<OrdersApp> {
  const {
    url,
    databaseUrl = ':memory:',
    redisUrl,
    redisDeadline = 50,
    key: secret = randomBytes(32),
    limits = true,
    trustProxy = false,
    sinks = [],
    chain,
  } = options
  const logger = options.logger ?? createLogger()
  const key = { algorithm: 'HS256', secret } as const
  const records = recentRecords(1_000)
  const database = openDatabase(databaseUrl, logger)

  const container = createContainer()
  container.registerInstance(OrderStore, await OrderStore.open(database))
  const users = await Users.demo()
  container.registerInstance(Users, users)
  container.registerInstance(accessTokens, tokenIssuer({ issuer, audience, key }))
  container.registerInstance(recordsInMemory, records)
  const disconnect = redisUrl === undefined ? undefined : await keepInRedis(redisUrl, redisDeadline, container, logger)

  const authorization = await ordersAuthorization(url, users, options.signingKey)

  const api = createApi({
    controllers: [
      ...[HealthController, SessionController, OrdersController, SearchController, AdminController],
      ...authorization.controllers,
      securityConsole({ permission: 'portcullis:read', title: 'Orders', ...(chain === undefined ? {} : { chain }) }),
      openApi({ ...description, servers: [{ url }], public: true, page: '/docs' }),
    ],
    container,
    authentication: bearer({
      issuers: [{ issuer, audience, keys: [key] }, authorization.issuer],
      realm: 'orders',
      resourceMetadata: authorization.resourceMetadata,
      dpop: { origin: url },
    }),
    permissions,
    roles,
    rateLimit: limits ? { default: '100 per minute; 1000 per hour' } : { off: true },
    // On this machine there is nobody on the way. Elsewhere, whatever ends TLS must stand in trustProxy.
    https: url.startsWith('https:') ? 'require' : 'off',
    trustProxy,
    audit: { sinks: [records, ...sinks] },
    logger,
  })

  return {
    api,
    close: async () => {
      await api.close()
      disconnect?.()
      await database.close()
    },
  }
}
