import type { Authentication, Class, Detection } from 'portcullis'

export declare const OrdersController: Class
export declare const authentication: Authentication
export declare function page(found: Detection): Promise<void>
