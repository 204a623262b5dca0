// Where each decorator may stand. Compiled, never run, under both decorator protocols: what must not compile is marked, and the mark itself
// fails when it would.
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
  Expose,
  Get,
  Head,
  Idempotent,
  Nested,
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
  Visible,
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

@Controller('/')
@Public()
@Authenticated()
@RequirePermission('orders:read')
@permissions.RequirePermission('orders:read')
@RequireRole('admin')
@RequireScope('orders')
@Tenant({ param: 'tenant' })
@Authorize(load, rule)
@AuthorizeEach(rule)
@Scope(filter)
@Validate({ body: Order })
@Returns([Order])
@RateLimit('10 per second')
@Concurrency(5)
@SecurityHeaders({ 'Cache-Control': false })
@WithoutCors()
@BodyLimit('1mb')
@Consumes('form')
@Timeout('5 s')
@Idempotent()
@Audit('order.read')
@Marked('a')
export class Fitting {
  @Get('/')
  @Post('/')
  @Put('/')
  @Patch('/')
  @Delete('/')
  @Head('/')
  @Options('/')
  @Public()
  @Authenticated()
  @RequirePermission('orders:read')
  @permissions.RequirePermission('orders:read')
  @RequireRole('admin')
  @RequireScope('orders')
  @Tenant({ param: 'tenant' })
  @Authorize(load, rule)
  @AuthorizeEach(rule)
  @Scope(filter)
  @Validate({ body: Order })
  @Returns([Order])
  @RateLimit('10 per second')
  @Concurrency(5)
  @SecurityHeaders({ 'Cache-Control': false })
  @WithoutCors()
  @BodyLimit('1mb')
  @Consumes('form')
  @Timeout('5 s')
  @Idempotent()
  @Audit('order.read')
  @Marked('a')
  async method() {
    return [new Order()]
  }
}

@Controller('/')
@Public()
@Authenticated()
@RequirePermission('orders:read')
@permissions.RequirePermission('orders:read')
@RequireRole('admin')
@RequireScope('orders')
@Tenant({ param: 'tenant' })
@Authorize(load, rule)
@AuthorizeEach(rule)
@Scope(filter)
@Validate({ body: Order })
@Returns([Order])
@RateLimit('10 per second')
@Concurrency(5)
@SecurityHeaders({ 'Cache-Control': false })
@WithoutCors()
@BodyLimit('1mb')
@Consumes('form')
@Timeout('5 s')
@Idempotent()
@Audit('order.read')
@Marked('a')
export abstract class Abstract {
  constructor(readonly order: Order) {}
}

// @ts-expect-error: a class is no route
@Get('/')
// @ts-expect-error: a class is no route
@Post('/')
// @ts-expect-error: a class is no route
@Put('/')
// @ts-expect-error: a class is no route
@Patch('/')
// @ts-expect-error: a class is no route
@Delete('/')
// @ts-expect-error: a class is no route
@Head('/')
// @ts-expect-error: a class is no route
@Options('/')
// @ts-expect-error: a class is no property
@Expose()
// @ts-expect-error: a class is no property
@Visible('orders:read')
// @ts-expect-error: a class is no property
@Nested(() => Order)
export class Misfit {
  // @ts-expect-error: a method is no class
  @Controller('/')
  // @ts-expect-error: a method is no property
  @Expose()
  // @ts-expect-error: a method is no property
  @Visible('orders:read')
  method() {}
}
