import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import type { Case, ConformanceSeen } from '../../lib/testing.js'
import { eventually } from '../../lib/testing/adapter-bodies.js'
import { json } from '../../lib/testing/adapter-exchanges.js'
import { issue } from '../adapters/fixture.js'
import type { RunningHost } from './running.js'
import type { Play } from './stage.js'

/** What else there is to know of a host. */
export interface HostTraits {
  /** Where the address stands that whoever is in front of the host has seen. @default in no header: the host has seen it itself */
  readonly addressHeader?: string
  readonly trustProxy?: number
  /** Whether the process is ours to end, and then answers first what it has begun. */
  readonly drains?: boolean
}

interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A user's own API with its DTOs, tokens, permissions and limits, asked by an ordinary client. */
export function thingsCases(host: () => RunningHost, { addressHeader, trustProxy, drains = false }: HostTraits): readonly Case[] {
  async function play(rateLimit: (Play & { name: 'things' })['options']['rateLimit'] = {}): Promise<void> {
    await host().play({ name: 'things', options: { rateLimit, ...(trustProxy === undefined ? {} : { trustProxy }) } })
  }
  const ask = (path: string, { method = 'GET', headers = {}, body }: Asked = {}) =>
    fetch(`${host().url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
  const bearing = (permissions: readonly string[]) => ({ Authorization: `Bearer ${issue.issue({ sub: 'u1', permissions }).token}` })
  const from = (address: string): Record<string, string> => (addressHeader === undefined ? {} : { [addressHeader]: address })

  async function addressesSeen(): Promise<readonly unknown[]> {
    const records = await host().seen<ReadonlyArray<Readonly<Record<string, unknown>>>>()
    return records.filter((record) => 'status' in record).map((record) => record['address'])
  }

  return [
    {
      name: 'answers who has a token, refuses who has none (401), a bad one (401) or one that permits too little (403)',
      async run() {
        await play()
        const statusOf = async (path: string, asked: Asked) => {
          const { status, headers } = await ask(path, asked)
          return [status, headers.get('www-authenticate')?.split(' ')[0]]
        }
        expect(await (await ask('/things/me', { headers: bearing([]) })).json()).to.deep.equal({ id: 'u1' })
        expect(await statusOf('/things/me', {})).to.deep.equal([401, 'Bearer'])
        expect(await statusOf('/things/me', { headers: { Authorization: 'Bearer a.b.c' } })).to.deep.equal([401, 'Bearer'])
        expect((await statusOf('/things/1', { method: 'DELETE', headers: bearing(['things:read']) }))[0]).to.equal(403)
        expect((await statusOf('/things/1', { method: 'DELETE', headers: bearing(['things:delete']) }))[0]).to.equal(204)
      },
    },
    {
      name: 'validates a body by its class (201, 422), and gives nothing away of what breaks (500)',
      async run() {
        await play()
        const post = (body: object) => ask('/things', { method: 'POST', headers: json, body: JSON.stringify(body) })
        const made = await post({ name: 'a', size: 3 })
        expect([made.status, made.headers.get('location'), await made.json()]).to.deep.equal([
          201,
          '/things/a',
          { thing: { name: 'a', size: 3 } },
        ])
        const refused = await post({ name: 'a', size: 11 })
        expect([refused.status, refused.headers.get('content-type')]).to.deep.equal([422, 'application/problem+json'])
        expect(await refused.text()).to.include('size')
        const broken = await ask('/things/broken')
        expect([broken.status, (await broken.text()).includes('hunter2')]).to.deep.equal([500, false])
      },
    },
    {
      name: 'limits each client by its address (429), and knows the address',
      async run() {
        await play({ default: '2 per minute' })
        const statuses: number[] = []
        for (let count = 0; count < 3; count += 1) statuses.push((await ask('/things', { headers: from('198.51.100.4') })).status)
        const last = await ask('/things', { headers: from('198.51.100.4') })
        expect([...statuses, last.status]).to.deep.equal([200, 200, 429, 429])
        expect(Number(last.headers.get('retry-after'))).to.be.within(1, 60)
        if (addressHeader !== undefined) expect((await ask('/things', { headers: from('198.51.100.5') })).status).to.equal(200)
        const seen = addressHeader === undefined ? ['127.0.0.1'] : ['198.51.100.5', '198.51.100.4']
        expect([...new Set(await addressesSeen())]).to.deep.equal(seen)
      },
    },
    {
      name: 'streams an answer',
      async run() {
        await play()
        const answer = await ask('/things/stream')
        expect([answer.status, answer.headers.get('content-type'), await answer.text()]).to.deep.equal([200, 'text/plain', 'one two three'])
      },
    },
    ...(drains ? [drained(host)] : []),
  ]
}

/** The last case: it ends the host. */
function drained(host: () => RunningHost): Case {
  return {
    name: 'answers what it has begun when it is told to stop, and then ends',
    async run() {
      const api = { secret: randomBytes(32).toString('base64url'), timeout: 700 }
      await host().play({ name: 'conformance', options: { fallthrough: false, api } })
      // Waits until its time is over, which is after the host was told to stop.
      const answer = fetch(`${host().url}/things/waits`)
      await eventually(async () => (await host().seen<ConformanceSeen>()).waiting === 1)
      const end = host().stop('SIGTERM')
      expect((await answer).status).to.equal(503)
      expect((await answer).headers.get('x-request-id')).to.be.a('string')
      // Of its own accord, or by the signal when all is done.
      expect(await end).to.be.oneOf([0, 143, 'SIGTERM'])
    },
  }
}
