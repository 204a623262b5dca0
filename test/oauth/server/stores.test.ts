import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { MemoryStateStore, Unavailable } from '../../../lib/index.js'
import type { StateStore } from '../../../lib/index.js'
import { RedisStateStore, SqlStateStore } from '../../../lib/stores.js'
import { libsql, postgres } from '../../../lib/sql/sql.js'
import type { Database } from '../../../lib/sql/sql.js'
import { findPostgres, startPostgres } from '../../postgres-server.js'
import { hasRedis, startRedis } from '../../rate-limit/redis-server.js'
import { appCallback, basic, startServer } from './fixture.js'
import type { TestServer } from './fixture.js'

/** One store as two processes have it. */
interface Shared {
  readonly stores: readonly [StateStore, StateStore]
  close(): Promise<void>
}

const programs = findPostgres()
const kinds: ReadonlyArray<readonly [name: string, isHere: boolean, open: () => Promise<Shared>]> = [
  ['in memory', true, inMemory],
  ['on Redis', hasRedis(), onRedis],
  ['on SQLite', true, onSqlite],
  ['on PostgreSQL', programs !== undefined, onPostgres],
]

for (const [name, isHere, open] of kinds) {
  if (!isHere) continue
  describe(`two authorization servers ${name}`, () => {
    let shared: Shared
    let servers: readonly [TestServer, TestServer]

    before(async () => {
      shared = await open()
      const issuer = 'https://auth.test'
      servers = await Promise.all([startServer({ issuer, state: shared.stores[0] }), startServer({ issuer, state: shared.stores[1] })])
    })

    after(async () => {
      await Promise.all(servers.map((server) => server.close()))
      await shared.close()
    })

    // A client without a secret: the time that a secret takes would spread what has to come at once.
    const app = { client_id: 'app', redirect_uri: appCallback }
    const redeem = (server: TestServer, given: string) => server.redeem(given, app)
    const refresh = (server: TestServer, token: string | undefined) =>
      server.post('/oauth/token', { grant_type: 'refresh_token', refresh_token: token ?? '', client_id: app.client_id })

    /** A code, by the pages of the first: forms come from where the issuer is. */
    async function code(): Promise<string> {
      const [server] = servers
      const cookies = new Map<string, string>()
      const send = async (form?: Record<string, string>) => {
        const cookie = [...cookies].map(([key, value]) => `${key}=${value}`).join('; ')
        const more = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }
        const headers = { cookie, 'sec-fetch-site': 'same-origin' }
        const answer = await fetch(server.authorizeUrl({ ...app, scope: 'orders:read orders:write' }), {
          redirect: 'manual',
          headers,
          ...more,
        })
        for (const set of answer.headers.getSetCookie()) cookies.set(...(set.split(';', 1)[0]!.split('=', 2) as [string, string]))
        return answer
      }
      await send({ step: 'login', username: 'alice', password: 'alice-password' })
      const answer = await send({ step: 'consent', subject: 'alice', decision: 'allow' })
      return new URL(answer.headers.get('location')!).searchParams.get('code')!
    }

    it('behave as one: a code of one is redeemed at the other, once', async () => {
      const given = await code()
      expect((await redeem(servers[1], given)).status).to.equal(200)
      expect((await redeem(servers[0], given)).body['error']).to.equal('invalid_grant')
    })

    it('of twenty redemptions of one code at once, at both, answer one', async () => {
      const given = await code()
      const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => redeem(servers[index % 2]!, given)))
      expect(answers.filter(({ status }) => status === 200)).to.have.length(1)
      expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200, 400]))
    })

    it('of twenty uses of one refresh token at once, at both, answer one', async () => {
      const { body } = await redeem(servers[0], await code())
      const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => refresh(servers[index % 2]!, body['refresh_token'])))
      expect(answers.filter(({ status }) => status === 200)).to.have.length(1)
      expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200, 400]))
    })

    it('know at once what the other revoked', async () => {
      const { body } = await redeem(servers[0], await code())
      expect(await servers[1].status(body['access_token'])).to.equal(200)
      await servers[0].post('/oauth/revoke', { token: body['refresh_token']!, client_id: app.client_id })
      expect([await servers[1].status(body['access_token']), (await refresh(servers[1], body['refresh_token'])).status]).to.deep.equal([
        401, 400,
      ])
    })
  })
}

describe('an authorization server whose store fails', () => {
  it('answers 503, gives nothing, and loses nothing', async () => {
    const state = new MemoryStateStore()
    let isAway = false
    const failing = new Proxy(state, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target)
        if (typeof member !== 'function') return member
        return (...given: unknown[]): unknown => (isAway ? Promise.reject(new Unavailable()) : member.apply(target, given))
      },
    })
    const server = await startServer({ state: failing })
    const code = await server.code()
    isAway = true
    const refused = await server.redeem(code)
    expect([refused.status, Object.keys(refused.body)]).to.deep.equal([503, ['type', 'title', 'status', 'code', 'detail', 'instance']])
    isAway = false
    const answer = await server.redeem(code)
    expect(answer.status).to.equal(200)
    isAway = true
    expect(await server.status(answer.body['access_token']), 'a token may be a revoked one').to.equal(503)
    const form = { grant_type: 'refresh_token', refresh_token: answer.body['refresh_token']! }
    expect((await server.post('/oauth/token', form, basic('web'))).status).to.equal(503)
    isAway = false
    expect((await server.post('/oauth/token', form, basic('web'))).status).to.equal(200)
    await server.close()
  })
})

function inMemory(): Promise<Shared> {
  const store = new MemoryStateStore()
  return Promise.resolve({ stores: [store, store], close: () => Promise.resolve() })
}

async function onRedis(): Promise<Shared> {
  const server = await startRedis()
  const clients = [0, 1].map(
    () => new Redis(server.port, '127.0.0.1', { enableOfflineQueue: false, maxRetriesPerRequest: 0, lazyConnect: true }),
  )
  await Promise.all(clients.map((client) => client.connect()))
  const [one, two] = clients.map((client) => new RedisStateStore(client, { deadline: 5_000 }))
  return {
    stores: [one!, two!],
    async close() {
      for (const client of clients) client.disconnect()
      await server.stop()
    },
  }
}

async function onSqlite(): Promise<Shared> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-oauth-'))
  const database = libsql(createClient({ url: `file:${join(folder, 'state.db')}` }))
  return sharing([database, database], () => Promise.resolve(rmSync(folder, { recursive: true, force: true })))
}

async function onPostgres(): Promise<Shared> {
  const server = await startPostgres(programs ?? '')
  const databases = [0, 1].map(() => postgres(new Pool({ connectionString: server.url, max: 5 })))
  return sharing(databases, () => server.stop())
}

async function sharing(databases: readonly Database[], stop: () => Promise<void>): Promise<Shared> {
  const [one, two] = await Promise.all(databases.map((database) => SqlStateStore.open(database, { deadline: 5_000 })))
  return {
    stores: [one!, two!],
    async close() {
      for (const database of new Set(databases)) await database.close()
      await stop()
    },
  }
}
