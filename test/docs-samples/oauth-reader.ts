import type { KeyObject } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Pool } from 'pg'
import type { Express } from 'express'
import type { Class } from 'portcullis'
import type { Subject } from 'portcullis/oauth'
import type { Configuration } from 'oidc-provider'

export { Provider } from 'oidc-provider'
export declare const configuration: Configuration
export declare const redis: Redis
export declare const pool: Pool
export declare const app: Express
export declare const OrdersController: Class
export declare const resource: string
export declare const issuer: string
export declare const audience: string
export declare const jwksUri: string
export declare const privateKey: KeyObject
export declare const publicKey: KeyObject
export declare const users: { withPassword(name: string, password: string): Promise<Subject | undefined> }
export declare function mySession(
  cookie: string | undefined,
): Promise<{ readonly id: string; readonly roles: readonly string[]; readonly loggedInAt: number } | undefined>
