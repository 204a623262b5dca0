import type { RequestListener } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Express } from 'express'
import type Koa from 'koa'
import type { Api } from 'portcullis'

export { once } from 'node:events'
export { createServer } from 'node:http'
export { createSecureServer } from 'node:http2'
export { NestFactory } from '@nestjs/core'
export { http, serve } from 'portcullis/http'
export { express } from 'portcullis/express'
export type { AddressInfo } from 'node:net'

export interface Info {
  readonly remoteAddress: string
}

export declare const api: Api
export declare const key: Buffer
export declare const cert: Buffer
export declare const app: Pick<Express, 'use'> & Pick<Koa, 'use'> & Pick<FastifyInstance, 'register'>
export declare class AppModule {}
export declare function portcullis(api: Api, options: { readonly fallthrough: boolean }): object
export declare const echo: object
export declare function tiny(...handlers: object[]): RequestListener
