import type { DependencyContainer } from 'tsyringe'
import type { Clock, RateLimitStore, StateStore } from 'portcullis'

export declare const container: DependencyContainer
export declare const mongo: object
export declare const MyRateLimitStore: new (options: { readonly clock: Clock }) => RateLimitStore
export declare const MyStateStore: new (options: { readonly clock: Clock }) => StateStore
