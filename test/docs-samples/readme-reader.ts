import type { Express, RequestHandler } from 'express'
import type { Api, Authentication, Class, DefinedPermissions } from 'portcullis'

export declare class OrderStore {
  create(owner: string, order: object): Promise<{ readonly id: string }>
}

export declare const app: Express
export declare const oldHandler: RequestHandler
export declare const api: Api
export declare const OrdersController: Class
export declare const authentication: Authentication
export declare const permissions: DefinedPermissions<'orders:read' | 'portcullis:read'>
export { express as portcullis } from 'portcullis/express'
