// Decorators for methods and classes, on members that are none: a route's protection there would protect nothing.
import {
  Audit,
  Authenticated,
  Authorize,
  AuthorizeEach,
  BodyLimit,
  Concurrency,
  Consumes,
  Controller,
  Delete,
  Get,
  Head,
  Idempotent,
  Options,
  Patch,
  Post,
  Public,
  Put,
  RateLimit,
  RequirePermission,
  RequireRole,
  RequireScope,
  Returns,
  Scope,
  SecurityHeaders,
  Tenant,
  Timeout,
  Validate,
  WithoutCors,
  definePermissions,
  protection,
} from '../../lib/index.js'
import type { Principal } from '../../lib/index.js'

class Order {
  owner!: string
}

const permissions = definePermissions({ orders: ['read', 'write'] })
const Marked = protection<string>({ name: 'Marked', phase: 'access', compile: () => () => undefined })
const load = () => new Order()
const rule = ({ id }: Principal, { owner }: Order) => owner === id
const filter = ({ id }: Principal) => ({ owner: id })

export class Misfits {
  // @ts-expect-error: a field is no method
  @Controller('/')
  // @ts-expect-error: a field is no method
  @Get('/')
  // @ts-expect-error: a field is no method
  @Post('/')
  // @ts-expect-error: a field is no method
  @Put('/')
  // @ts-expect-error: a field is no method
  @Patch('/')
  // @ts-expect-error: a field is no method
  @Delete('/')
  // @ts-expect-error: a field is no method
  @Head('/')
  // @ts-expect-error: a field is no method
  @Options('/')
  // @ts-expect-error: a field is no method
  @Public()
  // @ts-expect-error: a field is no method
  @Authenticated()
  // @ts-expect-error: a field is no method
  @RequirePermission('orders:read')
  // @ts-expect-error: a field is no method
  @permissions.RequirePermission('orders:read')
  // @ts-expect-error: a field is no method
  @RequireRole('admin')
  // @ts-expect-error: a field is no method
  @RequireScope('orders')
  // @ts-expect-error: a field is no method
  @Tenant({ param: 'tenant' })
  // @ts-expect-error: a field is no method
  @Authorize(load, rule)
  // @ts-expect-error: a field is no method
  @AuthorizeEach(rule)
  // @ts-expect-error: a field is no method
  @Scope(filter)
  // @ts-expect-error: a field is no method
  @Validate({ body: Order })
  // @ts-expect-error: a field is no method
  @Returns([Order])
  // @ts-expect-error: a field is no method
  @RateLimit('10 per second')
  // @ts-expect-error: a field is no method
  @Concurrency(5)
  // @ts-expect-error: a field is no method
  @SecurityHeaders({ 'Cache-Control': false })
  // @ts-expect-error: a field is no method
  @WithoutCors()
  // @ts-expect-error: a field is no method
  @BodyLimit('1mb')
  // @ts-expect-error: a field is no method
  @Consumes('form')
  // @ts-expect-error: a field is no method
  @Timeout('5 s')
  // @ts-expect-error: a field is no method
  @Idempotent()
  // @ts-expect-error: a field is no method
  @Audit('order.read')
  // @ts-expect-error: a field is no method
  @Marked('a')
  field = [new Order()]

  // @ts-expect-error: a getter is no method
  @Controller('/')
  // @ts-expect-error: a getter is no method
  @Get('/')
  // @ts-expect-error: a getter is no method
  @Post('/')
  // @ts-expect-error: a getter is no method
  @Put('/')
  // @ts-expect-error: a getter is no method
  @Patch('/')
  // @ts-expect-error: a getter is no method
  @Delete('/')
  // @ts-expect-error: a getter is no method
  @Head('/')
  // @ts-expect-error: a getter is no method
  @Options('/')
  // @ts-expect-error: a getter is no method
  @Public()
  // @ts-expect-error: a getter is no method
  @Authenticated()
  // @ts-expect-error: a getter is no method
  @RequirePermission('orders:read')
  // @ts-expect-error: a getter is no method
  @permissions.RequirePermission('orders:read')
  // @ts-expect-error: a getter is no method
  @RequireRole('admin')
  // @ts-expect-error: a getter is no method
  @RequireScope('orders')
  // @ts-expect-error: a getter is no method
  @Tenant({ param: 'tenant' })
  // @ts-expect-error: a getter is no method
  @Authorize(load, rule)
  // @ts-expect-error: a getter is no method
  @AuthorizeEach(rule)
  // @ts-expect-error: a getter is no method
  @Scope(filter)
  // @ts-expect-error: a getter is no method
  @Validate({ body: Order })
  // @ts-expect-error: a getter is no method
  @Returns([Order])
  // @ts-expect-error: a getter is no method
  @RateLimit('10 per second')
  // @ts-expect-error: a getter is no method
  @Concurrency(5)
  // @ts-expect-error: a getter is no method
  @SecurityHeaders({ 'Cache-Control': false })
  // @ts-expect-error: a getter is no method
  @WithoutCors()
  // @ts-expect-error: a getter is no method
  @BodyLimit('1mb')
  // @ts-expect-error: a getter is no method
  @Consumes('form')
  // @ts-expect-error: a getter is no method
  @Timeout('5 s')
  // @ts-expect-error: a getter is no method
  @Idempotent()
  // @ts-expect-error: a getter is no method
  @Audit('order.read')
  // @ts-expect-error: a getter is no method
  @Marked('a')
  get getter() {
    return [new Order()]
  }

  // @ts-expect-error: an accessor is no method
  @Controller('/')
  // @ts-expect-error: an accessor is no method
  @Get('/')
  // @ts-expect-error: an accessor is no method
  @Post('/')
  // @ts-expect-error: an accessor is no method
  @Put('/')
  // @ts-expect-error: an accessor is no method
  @Patch('/')
  // @ts-expect-error: an accessor is no method
  @Delete('/')
  // @ts-expect-error: an accessor is no method
  @Head('/')
  // @ts-expect-error: an accessor is no method
  @Options('/')
  // @ts-expect-error: an accessor is no method
  @Public()
  // @ts-expect-error: an accessor is no method
  @Authenticated()
  // @ts-expect-error: an accessor is no method
  @RequirePermission('orders:read')
  // @ts-expect-error: an accessor is no method
  @permissions.RequirePermission('orders:read')
  // @ts-expect-error: an accessor is no method
  @RequireRole('admin')
  // @ts-expect-error: an accessor is no method
  @RequireScope('orders')
  // @ts-expect-error: an accessor is no method
  @Tenant({ param: 'tenant' })
  // @ts-expect-error: an accessor is no method
  @Authorize(load, rule)
  // @ts-expect-error: an accessor is no method
  @AuthorizeEach(rule)
  // @ts-expect-error: an accessor is no method
  @Scope(filter)
  // @ts-expect-error: an accessor is no method
  @Validate({ body: Order })
  // @ts-expect-error: an accessor is no method
  @Returns([Order])
  // @ts-expect-error: an accessor is no method
  @RateLimit('10 per second')
  // @ts-expect-error: an accessor is no method
  @Concurrency(5)
  // @ts-expect-error: an accessor is no method
  @SecurityHeaders({ 'Cache-Control': false })
  // @ts-expect-error: an accessor is no method
  @WithoutCors()
  // @ts-expect-error: an accessor is no method
  @BodyLimit('1mb')
  // @ts-expect-error: an accessor is no method
  @Consumes('form')
  // @ts-expect-error: an accessor is no method
  @Timeout('5 s')
  // @ts-expect-error: an accessor is no method
  @Idempotent()
  // @ts-expect-error: an accessor is no method
  @Audit('order.read')
  // @ts-expect-error: an accessor is no method
  @Marked('a')
  accessor accessor = [new Order()]
}
