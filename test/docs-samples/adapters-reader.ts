import type { RequestListener } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Express } from 'express'
import type Koa from 'koa'
import type { Api, Authentication } from 'portcullis'
import type { NodeIncoming, NodeListener, NodeOutgoing } from 'portcullis/http'

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

/** What is used of the runtimes and frameworks that are not installed here. */
export interface BunServer {
  requestIP(request: Request): { readonly address: string } | null
  stop(): Promise<void>
}
export declare const Bun: {
  serve(options: {
    readonly port: number
    readonly development: boolean
    readonly fetch: (request: Request, server: BunServer) => Promise<Response>
  }): BunServer
}
export interface DenoInfo {
  readonly remoteAddr: { readonly hostname: string }
}
export declare const Deno: {
  serve(options: { readonly port: number }, handler: (request: Request, info: DenoInfo) => Promise<Response>): { shutdown(): Promise<void> }
}
export interface H3Event {
  readonly req: Request
  readonly runtime: { readonly node: { readonly req: NodeIncoming } }
}
export declare const h3App: { use(middleware: (event: H3Event, next: () => unknown) => unknown): void }
export interface HapiToolkit {
  readonly continue: symbol
  readonly abandon: symbol
}
export interface HapiRequest {
  readonly raw: { readonly req: NodeIncoming; readonly res: NodeOutgoing }
}
export declare const hapiServer: { ext(event: 'onRequest', method: (request: HapiRequest, toolkit: HapiToolkit) => symbol): void }
export declare const restifyServer: { pre(handler: NodeListener): void }
export declare class OrdersController {}
export declare const authentication: Authentication
export declare const other: string
export { fetchHandler } from 'portcullis/fetch'
export declare const connection: () => { readonly remoteAddress: string }
