import type { Redis } from 'ioredis'
import type { Api } from 'portcullis'

export declare const api: Api
export declare const redis: Redis
