/** What a project's program prints when everything is as it must be: what a good caller, a stranger and one without permission get. */
export const expected = '200 "hello ann"\n401 unauthenticated\n403 permission-denied\n'

/** How a program puts the API behind its host. */
export interface Host {
  readonly imports: string
  /** An expression of a server that does not listen yet. */
  readonly server: string
}

const node: Host = {
  imports: `import { createServer } from 'node:http'\nimport { http } from 'portcullis/http'`,
  server: 'createServer(http(api))',
}

const express: Host = {
  imports: `import { createServer } from 'node:http'\nimport framework from 'express'\nimport { express } from 'portcullis/express'`,
  server: 'createServer(framework().use(express(api)))',
}

const koa: Host = {
  imports: `import { createServer } from 'node:http'\nimport Framework from 'koa'\nimport { koa } from 'portcullis/koa'`,
  server: 'createServer(new Framework().use(koa(api)).callback())',
}

const fastify: Host = {
  imports: `import framework from 'fastify'
import { fastify } from 'portcullis/fastify'

async function serverOf(app: ReturnType<typeof framework>) {
  app.register(fastify(api))
  await app.ready()
  return app.server
}`,
  server: '(await serverOf(framework()))',
}

export const hosts = { node, express, koa, fastify }

/** A whole API with one protected route in TypeScript, with a service made for it, its server, and three requests to it. */
export function program({ imports, server }: Host = node): string {
  return `
import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
${imports}
import { Controller, Get, RequirePermission, bearer, createApi, createLogger, tokenIssuer } from 'portcullis'
import type { Context } from 'portcullis'

class Greeter {
  greet(name: string): string {
    return 'hello ' + name
  }
}

@Controller('/greetings', { inject: [Greeter] })
class Greetings {
  private readonly greeter: Greeter

  constructor(greeter: Greeter) {
    this.greeter = greeter
  }

  @Get('/')
  @RequirePermission('greetings:read')
  greet({ principal }: Context): string {
    return this.greeter.greet(principal.id)
  }
}

const key = { algorithm: 'HS256', secret: randomBytes(32) } as const
const tokens = { issuer: 'https://issuer.test', audience: 'https://api.test' }
const issuer = tokenIssuer({ ...tokens, key })

const api = createApi({
  controllers: [Greetings],
  authentication: bearer({ ...tokens, keys: [key] }),
  https: 'off',
  audit: { sinks: [] },
  logger: createLogger({ silent: true }),
})

async function main(): Promise<void> {
  const server = ${server}.listen(0, '127.0.0.1')
  await new Promise<void>((resolve) => server.once('listening', () => resolve()))
  const url = 'http://127.0.0.1:' + (server.address() as AddressInfo).port + '/greetings'
  for (const claims of [{ sub: 'ann', permissions: ['greetings:read'] }, undefined, { sub: 'bob' }]) {
    const headers: Record<string, string> = claims === undefined ? {} : { authorization: 'Bearer ' + issuer.issue(claims).token }
    const answer = await fetch(url, { headers })
    const text = await answer.text()
    console.log(answer.status, answer.ok ? text : (JSON.parse(text) as { code: string }).code)
  }
  server.close()
  server.closeAllConnections()
  await api.close()
}

void main()
`
}
