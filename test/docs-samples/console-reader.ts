import type { Authentication, Class } from 'portcullis'

export declare const OrdersController: Class
export declare const authentication: Authentication
