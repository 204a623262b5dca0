// The protected routes of the benchmarks, with all of their protections or with some.
import { Audit, Authenticated, Controller, Get, Post, Public, RequirePermission, Validate, created } from '../lib/index.js'
import type { Class, Context, RouteDecorator } from '../lib/index.js'
import { createOrder, users } from './contract.js'
import type { Order } from './contract.js'
import { CreateOrder } from './create-order.js'

/** What can be left out of the protected server, in the order in which the benchmark of the overhead adds them. */
export const protections = ['headers', 'limits', 'token', 'permission', 'validation', 'audit'] as const

export type Protection = (typeof protections)[number]

/** What is ordered where no body is let in. */
const noOrder: Order = { quantity: 3, items: [{ qty: 6 }] }

/** The controllers with the protections that `has` names. */
export function controllersWith(has: (protection: Protection) => boolean): readonly Class[] {
  const isDeclared = (protection: Protection, decorator: RouteDecorator): RouteDecorator => (has(protection) ? decorator : nothing)
  const access = (permission: string) => (has('permission') ? RequirePermission(permission) : has('token') ? Authenticated() : Public())

  @Controller('/api/v1/orders', { inject: [] })
  class OrdersController {
    @Post('/')
    @access('orders:write')
    @isDeclared('validation', Validate({ body: CreateOrder }) as RouteDecorator)
    @isDeclared('audit', Audit('order.create', { body: false }))
    create(context: Context<{ body: CreateOrder }>) {
      return created(createOrder(has('validation') ? context.body : noOrder))
    }
  }

  @Controller('/api/v1/admin', { inject: [] })
  class AdminController {
    @Get('/users')
    @access('admin:read')
    users() {
      return { users }
    }
  }

  return [OrdersController, AdminController]
}

/** A decorator that declares nothing. */
const nothing = (() => undefined) as RouteDecorator
