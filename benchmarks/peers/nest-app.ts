// What both NestJS contenders are made of: guards for limits, tokens and permissions, ValidationPipe, winston.
import 'reflect-metadata'
import {
  Body,
  Controller,
  ForbiddenException,
  Get,
  Inject,
  Module,
  Post,
  SetMetadata,
  UnauthorizedException,
  ValidationPipe,
} from '@nestjs/common'
import type { CanActivate, ExecutionContext, Type } from '@nestjs/common'
import { APP_GUARD, Reflector } from '@nestjs/core'
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler'
import type { ThrottlerStorage } from '@nestjs/throttler'
import jwt from 'jsonwebtoken'
import { audience, createOrder, environment, issuer, ordersPath, users, usersPath } from '../contract.js'
import type { Claims } from '../contract.js'
import { CreateOrder } from '../create-order.js'

const { key, perMinute, perHour } = environment()

interface NestRequest {
  readonly headers: { readonly authorization?: string }
  readonly ip: string
  user?: Claims
}

type Count = Awaited<ReturnType<ThrottlerStorage['increment']>>

/** Fixed windows, one entry a key. The stock storage keeps an entry for each hit, and looks at all of them on each hit. */
class FixedWindows implements ThrottlerStorage {
  readonly #windows = new Map<string, { hits: number; endsAt: number }>()

  async increment(key: string, ttl: number, limit: number): Promise<Count> {
    const now = Date.now()
    let window = this.#windows.get(key)
    if (window === undefined || window.endsAt <= now) {
      window = { hits: 0, endsAt: now + ttl }
      this.#windows.set(key, window)
    }
    window.hits++
    const timeToExpire = Math.ceil((window.endsAt - now) / 1000)
    return { totalHits: window.hits, timeToExpire, isBlocked: window.hits > limit, timeToBlockExpire: timeToExpire }
  }
}

class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<NestRequest>()
    const [scheme, token = ''] = request.headers.authorization?.split(' ') ?? []
    try {
      if (scheme !== 'Bearer') throw new Error('no token')
      request.user = jwt.verify(token, key, { algorithms: ['HS256'], issuer, audience }) as Claims
      return true
    } catch {
      throw new UnauthorizedException()
    }
  }
}

const wanted = Symbol('permission')
const RequirePermission = (permission: string) => SetMetadata(wanted, permission)

class PermissionGuard implements CanActivate {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const permission = this.reflector.get<string>(wanted, context.getHandler())
    const { user } = context.switchToHttp().getRequest<NestRequest>()
    if (user?.permissions?.includes(permission) !== true) throw new ForbiddenException()
    return true
  }
}

/** What emitted type metadata would say; `expectedType` says it without. */
const body = new ValidationPipe({
  transform: true,
  whitelist: true,
  forbidNonWhitelisted: true,
  errorHttpStatusCode: 422,
  expectedType: CreateOrder,
})

@Controller()
class OrdersController {
  @Post(ordersPath)
  @RequirePermission('orders:write')
  create(@Body(body) order: CreateOrder) {
    return createOrder(order)
  }

  @Get(usersPath)
  @RequirePermission('admin:read')
  list() {
    return { users }
  }
}

const throttling = ThrottlerModule.forRoot({
  throttlers: [
    { name: 'minute', ttl: 60_000, limit: perMinute },
    { name: 'hour', ttl: 3_600_000, limit: perHour },
  ],
  setHeaders: false,
  generateKey: (_context, tracker, name) => `${name} ${tracker}`,
  storage: new FixedWindows(),
})

@Module({
  imports: [throttling],
  controllers: [OrdersController],
  providers: [
    { provide: APP_GUARD, useClass: ThrottlerGuard },
    { provide: APP_GUARD, useClass: TokenGuard },
    { provide: APP_GUARD, useClass: PermissionGuard },
  ],
})
class OrdersModule {}

export const ordersModule: Type = OrdersModule
