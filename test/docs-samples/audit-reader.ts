import type { Pool } from 'pg'
import { IsUUID } from 'class-validator'
import type { Class } from 'portcullis'

export class OrderId {
  @IsUUID() id!: string
}

export declare class OrdersController {
  readonly orders: { remove(id: string): void }
}

export declare const controllers: readonly Class[]
export declare const heads: { put(head: string): Promise<void> }
export declare const pool: Pool
export declare const key: Uint8Array
export declare const head: string
export declare function sendAway(head: string): Promise<void>
