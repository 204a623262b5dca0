// Who is measured: each a program of its own, started alone, with one contract.
import { protections } from './orders.js'

/** One program that is measured. */
export interface Contender {
  readonly name: string
  /** The compiled program, relative to this file. */
  readonly script: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The packages whose versions count. */
  readonly packages: readonly string[]
}

export const adapters = ['http', 'express', 'koa'] as const

export type Adapter = (typeof adapters)[number]

const hostOf: Readonly<Record<Adapter, { readonly name: string; readonly packages: readonly string[] }>> = {
  http: { name: 'node:http', packages: [] },
  express: { name: 'Express', packages: ['express'] },
  koa: { name: 'Koa', packages: ['koa'] },
}

const noTokenCache = { TOKEN_CACHE: '0' }

/** The host as people name it. */
export function hostName(adapter: Adapter): string {
  return hostOf[adapter].name
}

function floor(adapter: Adapter): Contender {
  return {
    name: `hand-written, ${hostName(adapter)}`,
    script: 'peers/floor.js',
    args: ['--adapter', adapter],
    packages: hostOf[adapter].packages,
  }
}

function portcullis(adapter: Adapter): Contender {
  return { name: `Portcullis, ${hostName(adapter)}`, script: 'server.js', args: ['--adapter', adapter], packages: hostOf[adapter].packages }
}

function peer(name: string, script: string, packages: readonly string[]): Contender {
  return { name, script: `peers/${script}.js`, args: [], packages }
}

/** What all others are compared with. */
export const theFloor = floor('http')

const classValidator = ['class-validator', 'class-transformer']

/** The protected contenders. */
export const peers: readonly Contender[] = [
  theFloor,
  { ...theFloor, name: `${theFloor.name}, no token cache`, env: noTokenCache },
  floor('koa'),
  floor('express'),
  portcullis('http'),
  { ...portcullis('http'), name: 'Portcullis, node:http, no token cache', env: noTokenCache },
  portcullis('koa'),
  portcullis('express'),
  peer('Fastify, its own plugins', 'fastify', ['fastify', '@fastify/jwt', '@fastify/rate-limit', '@fastify/helmet', 'pino']),
  peer('Express, fastest parts', 'express-fast', ['express', 'helmet', 'fast-jwt', 'rate-limiter-flexible', 'ajv', 'pino']),
  peer('Koa, usual parts', 'koa', ['koa', 'koa-helmet', 'koa-jwt', 'koa-ratelimit', 'koa-bodyparser', ...classValidator, 'winston']),
  peer('Hono, its own middlewares', 'hono', ['hono', '@hono/node-server', 'hono-rate-limiter', 'zod', 'pino']),
  peer('Express, usual parts', 'express', ['express', 'helmet', 'jsonwebtoken', 'rate-limiter-flexible', ...classValidator, 'winston']),
  peer('NestJS on Fastify', 'nest-fastify', ['@nestjs/core', '@nestjs/platform-fastify', '@nestjs/throttler', 'jsonwebtoken']),
  peer('NestJS on Express', 'nest-express', ['@nestjs/core', '@nestjs/platform-express', '@nestjs/throttler', 'jsonwebtoken']),
]

/** One contender of the benchmark of the overhead: a host, and how much of the protection stands before it. */
export interface OverheadStep extends Contender {
  readonly adapter: Adapter
  readonly step: string
}

/** Each host bare, then with the gate before it, one protection more at a time. */
export const overheadSteps: readonly OverheadStep[] = adapters.flatMap((adapter) => {
  const { packages } = hostOf[adapter]
  const bare = {
    name: `${hostName(adapter)}, bare`,
    script: 'peers/bare.js',
    args: ['--adapter', adapter],
    packages,
    adapter,
    step: 'bare',
  }
  const steps = ['routes', ...protections].map((step, count) => ({
    name: `${hostName(adapter)}, ${step}`,
    script: 'server.js',
    args: ['--adapter', adapter, '--protections', protections.slice(0, count).join(',')],
    packages,
    adapter,
    step,
  }))
  return [bare, ...steps]
})
