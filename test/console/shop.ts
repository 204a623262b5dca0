import { IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator'
import {
  Audit,
  Authenticated,
  Authorize,
  Controller,
  Delete,
  Get,
  MemoryRateLimitStore,
  MemoryStateStore,
  Post,
  Public,
  Put,
  RateLimit,
  RequirePermission,
  Returns,
  Unauthenticated,
  Validate,
  bearer,
  createApi,
  createContainer,
  createLogger,
  definePermissions,
  tokenIssuer,
  tokens,
} from '../../lib/index.js'
import type { Api, ApiOptions, Clock, Context, StoreChange } from '../../lib/index.js'
import { securityConsole } from '../../lib/console.js'
import type { ConsoleOptions } from '../../lib/console.js'
import { exchangeOf } from '../exchange.js'

class Order {
  @IsString()
  @Length(1, 40)
  product!: string

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  quantity?: number
}

class OrderId {
  @IsString()
  @Length(1, 40)
  id!: string
}

class Credentials {
  @IsString()
  @Length(1, 100)
  name!: string
}

const permissions = definePermissions({ orders: ['read', 'write'], reports: ['read'], portcullis: ['read'] })

@Controller('/api/v1/orders', { inject: [] })
class OrdersController {
  @Get('/')
  @RequirePermission('orders:read')
  @RateLimit('120 per minute', { by: 'principal' })
  @Returns([{ id: String }])
  list() {
    return [{ id: 'a1' }]
  }

  @Post('/')
  @RequirePermission('orders:write')
  @RateLimit('30 per minute', { by: 'principal' })
  @Validate({ body: Order })
  @Returns({ id: String })
  @Audit('order.create')
  create() {
    return { id: 'a1' }
  }

  @Get('/:id')
  @RequirePermission('orders:read')
  @Validate({ params: OrderId })
  @Authorize(
    ({ params }: Context<{ params: OrderId }>) => ({ owner: params.id.startsWith('a') ? 'alice' : 'bob' }),
    (principal, { owner }) => owner === principal.id,
  )
  get({ params }: Context<{ params: OrderId }>) {
    return { id: params.id }
  }

  @Delete('/:id')
  @RequirePermission('orders:write')
  @RateLimit('10 per minute', { by: 'principal' })
  @Validate({ params: OrderId })
  remove(): void {
    return undefined
  }
}

@Controller('/api/v1', { inject: [] })
class OtherController {
  @Post('/login')
  @Public()
  @RateLimit('5 per minute', { name: 'login' })
  @Validate({ body: Credentials })
  @Audit('session.login')
  login({ body }: Context<{ body: Credentials }>) {
    if (body.name !== 'alice') throw new Unauthenticated('No.', { reason: 'wrong-credentials', event: 'authn_login_fail' })
    return { ok: true }
  }

  @Get('/me')
  @Authenticated()
  me({ principal }: Context) {
    return { id: principal.id }
  }

  @Put('/settings')
  @Authenticated()
  settings() {
    return { saved: true }
  }

  @Get('/reports/:year')
  @RequirePermission('reports:read')
  @RateLimit('5 per minute; 50 per day', { by: 'principal', name: 'reports' })
  report(): never {
    throw new Error('the report cannot be made')
  }
}

@Controller('/webhooks', { inject: [] })
class WebhookController {
  @Post('/payments')
  @Public()
  payment() {
    return { received: true }
  }
}

@Controller('/health', { inject: [] })
class HealthController {
  @Get('/')
  @Public()
  health() {
    return { status: 'ok' }
  }
}

type Watch = (change: StoreChange) => void

/** A store behind a server that can be lost. */
class SharedStateStore extends MemoryStateStore {
  #watch: Watch | undefined

  watch(listener: Watch): void {
    this.#watch = listener
  }

  change(state: StoreChange['state'], store = 'Redis'): void {
    this.#watch?.({ store, state })
  }
}

const key = { algorithm: 'HS256', secret: 'kX2s8fQz0pWv7LdYb4Ne1RtGh6Jm9Ca3' } as const
const identity = { issuer: 'https://auth.shop.test', audience: 'https://shop.test' }
const hour = 3_600_000

/** What a test sends. */
export interface Call {
  /** `GET /api/v1/orders` */
  readonly line: string
  readonly as?: string | undefined
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly address?: string
}

/** A shop with a console: some of its routes are protected as they should be, some are not. */
export interface Shop {
  readonly api: Api
  /** The clock, in milliseconds since 1970. */
  now: number
  readonly state: SharedStateStore
  /** A token of somebody with these permissions, which lives for hours. */
  token(id: string, permissions: readonly string[], lifetime?: number): string
  call(call: Call): Promise<{ readonly status: number; readonly headers: readonly string[]; readonly body: unknown }>
}

export interface ShopOptions {
  readonly console?: Partial<ConsoleOptions>
  readonly api?: Partial<ApiOptions>
  /** The clock at the start. @default the system's */
  readonly now?: number
}

export function openShop(options: ShopOptions = {}): Shop {
  const shop = { now: options.now ?? Date.now() }
  const clock: Clock = { now: () => shop.now }
  const container = createContainer()
  const state = new SharedStateStore({ clock })
  container.registerInstance(tokens.clock, clock)
  container.registerInstance(tokens.state, state)
  container.registerInstance(tokens.rateLimitStore, new MemoryRateLimitStore({ clock }))
  const api = createApi({
    controllers: [
      ...[OrdersController, OtherController, WebhookController, HealthController],
      securityConsole({ permission: 'portcullis:read', title: 'Shop', ...options.console }),
    ],
    container,
    permissions,
    authentication: bearer({ ...identity, keys: [key] }),
    rateLimit: { default: '600 per minute' },
    https: 'off',
    audit: { sinks: [] },
    logger: createLogger({ silent: true }),
    ...options.api,
  })
  return Object.assign(shop, {
    api,
    state,
    token(id: string, granted: readonly string[], lifetime = 4 * 3600) {
      const start = shop.now - hour
      const issuer = tokenIssuer({ ...identity, key, lifetime: lifetime + 3600, clock: { now: () => start } })
      return issuer.issue({ sub: id, permissions: granted }).token
    },
    async call({ line, as, body, headers, address = '192.0.2.1' }: Call) {
      const [method = '', target = ''] = line.split(' ')
      const { request } = exchangeOf({ request: { method, target, remoteAddress: address } })
      const text = body === undefined ? undefined : JSON.stringify(body)
      const sent: Record<string, string> = { host: 'shop.test', ...headers }
      if (as !== undefined) sent['authorization'] = `Bearer ${as}`
      if (text !== undefined) Object.assign(sent, { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) })
      Object.assign(request, { headers: sent, rawHeaders: Object.entries(sent).flat() })
      const stream = request.body as unknown as { end(text?: string): void }
      stream.end(text)
      return api.answer(request)
    },
  })
}
