import type { ApiKeyRecord, Class, Jwk, KeyOptions, StateStore } from 'portcullis'

export declare const pem: string
export declare const jwk: Jwk
export declare const hmac: KeyOptions
export declare const user: { readonly id: string }
export declare const OrdersController: Class
export declare const state: StateStore
export declare const record: ApiKeyRecord
export declare const issuer: string
export declare const audience: string
export declare const jwksUri: string
