import { expect } from 'chai'
import { Redis } from 'ioredis'
import { Unavailable } from '../../../lib/errors.js'
import { MemoryStateStore } from '../../../lib/index.js'
import type { StateStore } from '../../../lib/index.js'
import { Vault } from '../../../lib/oauth/client/vault.js'
import { WebSessions } from '../../../lib/oauth/client/web-sessions.js'
import type { SessionTokens, TokenRenewal } from '../../../lib/oauth/client/web-sessions.js'
import { RedisStateStore } from '../../../lib/state/redis-state-store.js'
import { hasRedis, startRedis } from '../../rate-limit/redis-server.js'

const minute = 60_000

describe('sessions of browsers', () => {
  let time = 1_700_000_000_000
  const clock = { now: () => time }
  let state: StateStore
  let asked: string[] = []
  let revoked: string[] = []
  /** What the provider does with a refresh token; by default it takes each once and gives another. */
  let answer: (tokens: SessionTokens) => Promise<SessionTokens | undefined>

  const tokensOf = (number: number, lifetime = 5 * minute): SessionTokens => ({
    accessToken: `access-${number}`,
    refreshToken: `refresh-${number}`,
    idToken: undefined,
    renewAt: time + lifetime - 10_000,
    expiresAt: time + lifetime,
  })

  const renewal: TokenRenewal = {
    longest: 1_000,
    async renew({ tokens }) {
      asked.push(tokens.refreshToken ?? '')
      return answer(tokens)
    },
    async revoke({ refreshToken }) {
      revoked.push(refreshToken ?? '')
    },
  }

  /** A process of the application: all have one store. */
  const sessionsOn = (store = state) =>
    new WebSessions(new Vault('session', 'app', store, clock), { idle: 30 * minute, absolute: 720 * minute }, renewal)
  const start = (sessions: WebSessions) => sessions.start({ tokens: tokensOf(1), claims: undefined, proofKey: undefined })

  beforeEach(() => {
    state = new MemoryStateStore({ clock })
    asked = []
    revoked = []
    answer = async () => tokensOf(asked.length + 1)
  })

  it('are renewed shortly before their token ends, once by any number of processes at once, when it still lives and when it does not', async () => {
    for (const later of [5 * minute - 5_000, 5 * minute + 1]) {
      asked = []
      const [one, other] = [sessionsOn(), sessionsOn()]
      const secret = await start(one)
      time += later
      const found = await Promise.all([one, other, one, other, sessionsOn()].map((sessions) => sessions.find(secret)))
      expect(asked, String(later)).to.deep.equal(['refresh-1'])
      const last = await other.find(secret)
      expect(last?.tokens.accessToken).to.equal('access-2')
      // Where it has ended, nobody is given it.
      const given = new Set(found.map((session) => session?.tokens.accessToken))
      if (later > 5 * minute) expect([...given]).to.deep.equal(['access-2'])
      time += minute
    }
  })

  it('are renewed after another process has died while it did', async () => {
    const sessions = sessionsOn()
    const secret = await start(sessions)
    time += 5 * minute + 1
    const died = new Vault('session', 'app', state, clock)
    await died.claim(secret, 'renewal', time + 3_000)
    const waiting = sessions.find(secret)
    await new Promise((resolve) => void setTimeout(resolve, 60))
    expect(asked).to.deep.equal([])
    time += 3_000
    expect((await waiting)?.tokens.accessToken).to.equal('access-2')
  })

  it('do not wait for the process that renews while the token lives', async () => {
    const sessions = sessionsOn()
    const secret = await start(sessions)
    time += 5 * minute - 5_000
    await new Vault('session', 'app', state, clock).claim(secret, 'renewal', time + 3_000)
    expect((await sessions.find(secret))?.tokens.accessToken).to.equal('access-1')
    expect(asked).to.deep.equal([])
  })

  it('use no refresh token twice when another process was done between our look and our claim', async () => {
    const other = sessionsOn()
    const secret = await start(other)
    time += 5 * minute
    const late: StateStore = {
      get: (key) => state.get(key),
      set: (key, value, until) => state.set(key, value, until),
      replace: (key, expected, value, until) => state.replace(key, expected, value, until),
      take: (key) => state.take(key),
      async add(key, value, until) {
        await other.find(secret)
        return state.add(key, value, until)
      },
    }
    expect((await sessionsOn(late).find(secret))?.tokens.accessToken).to.equal('access-2')
    expect(asked).to.deep.equal(['refresh-1'])
  })

  it('keep the claim of another who took over when ours had ended', async () => {
    const vault = new Vault('session', 'app', state, clock)
    const slow = await vault.claim('s', 'renewal', time + 10)
    expect(await vault.claim('s', 'renewal', time + 10)).to.equal(undefined)
    time += 10
    const next = await vault.claim('s', 'renewal', time + 10)
    expect(next).not.to.equal(undefined)
    await slow?.release()
    expect(await vault.claim('s', 'renewal', time + 10), 'the second still has it').to.equal(undefined)
    await next?.release()
    expect(await vault.claim('s', 'renewal', time + 10)).not.to.equal(undefined)
  })

  it('lose no renewed token when another process touches the session meanwhile', async () => {
    const [one, other] = [sessionsOn(), sessionsOn()]
    const secret = await start(one)
    time += 5 * minute - 10_001
    const late = time + 1
    answer = async () => {
      // The other process looked a moment before the token was due.
      time -= 1
      await other.find(secret)
      time = late
      return tokensOf(2)
    }
    time = late
    expect((await one.find(secret))?.tokens.accessToken).to.equal('access-2')
    expect((await other.find(secret))?.tokens.accessToken).to.equal('access-2')
    expect(revoked).to.deep.equal([])
  })

  it('do not come back when somebody logs out while they are renewed; the new tokens are taken back', async () => {
    const [one, other] = [sessionsOn(), sessionsOn()]
    const secret = await start(one)
    time += 5 * minute
    answer = async () => {
      await other.end(secret)
      return tokensOf(2)
    }
    expect(await one.find(secret)).to.equal(undefined)
    expect(revoked).to.deep.equal(['refresh-2'])
    expect(await one.find(secret)).to.equal(undefined)
  })

  it('end where the provider gives no tokens any more', async () => {
    const sessions = sessionsOn()
    const secret = await start(sessions)
    time += 5 * minute
    answer = async () => undefined
    expect(await sessions.find(secret)).to.equal(undefined)
    expect(await sessions.find(secret)).to.equal(undefined)
    expect(asked).to.have.length(1)
  })

  it('go on with a token that lives while the provider is away, and ask it again after a moment only', async () => {
    const sessions = sessionsOn()
    const secret = await start(sessions)
    answer = async () => {
      throw new Unavailable()
    }
    time += 5 * minute - 9_000
    for (let request = 0; request < 5; request += 1) expect((await sessions.find(secret))?.tokens.accessToken).to.equal('access-1')
    expect(asked).to.have.length(1)
    time += 2_000
    await sessions.find(secret)
    expect(asked).to.have.length(2)
    time += 8_000
    for (let request = 0; request < 5; request += 1) {
      expect(await sessions.find(secret).catch((thrown: unknown) => thrown)).to.be.instanceOf(Unavailable)
    }
    expect(asked).to.have.length(3)
    time += 2_000
    answer = async () => tokensOf(2)
    expect((await sessions.find(secret))?.tokens.accessToken).to.equal('access-2')
  })

  it('let nobody in while the store is away', async () => {
    const secret = await start(sessionsOn())
    const away = () => {
      throw new Unavailable()
    }
    const broken: StateStore = { get: away, set: away, add: away, replace: away, take: away }
    for (const call of [() => sessionsOn(broken).find(secret), () => sessionsOn(broken).end(secret), () => start(sessionsOn(broken))]) {
      expect(await call().catch((thrown: unknown) => thrown)).to.be.instanceOf(Unavailable)
    }
  })

  it('give their renewed tokens though the claim cannot be given up', async () => {
    const sessions = sessionsOn({
      get: (key) => state.get(key),
      set: (key, value, until) => state.set(key, value, until),
      add: (key, value, until) => state.add(key, value, until),
      take: (key) => state.take(key),
      replace(key, expected, value, until) {
        if (key.endsWith(':renewal')) throw new Unavailable()
        return state.replace(key, expected, value, until)
      },
    })
    const secret = await start(sessions)
    time += 5 * minute
    expect((await sessions.find(secret))?.tokens.accessToken).to.equal('access-2')
  })

  it('are renewed where a token is worth nothing before its time; one that was renewed already is not renewed again', async () => {
    const sessions = sessionsOn()
    const secret = await start(sessions)
    const found = await Promise.all([sessions.findAnew(secret, 'access-1'), sessionsOn().findAnew(secret, 'access-1')])
    expect(found.map((session) => session?.tokens.accessToken)).to.deep.equal(['access-2', 'access-2'])
    expect((await sessions.findAnew(secret, 'access-1'))?.tokens.accessToken).to.equal('access-2')
    expect(asked).to.have.length(1)
  })

  it('cannot be read, moved or changed by whoever has the store', async () => {
    const secret = await start(sessionsOn())
    const other = await start(sessionsOn())
    const kept: Array<readonly [string, string]> = []
    const spy: StateStore = {
      ...{ set: () => undefined, add: () => false, replace: () => false, take: () => undefined },
      get: (key) => {
        const value = state.get(key) as string
        kept.push([key, value])
        return value
      },
    }
    await sessionsOn(spy).find(secret)
    await sessionsOn(spy).find(other)
    const [key, value] = kept[0]!
    const [, foreign] = kept[1]!
    expect(`${key} ${value}`).not.to.match(/access|refresh/)
    expect(`${key} ${value}`).not.to.include(secret)
    const forged = [foreign, value.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')), value.slice(0, -4), value.slice(0, 10), '', '{}']
    for (const text of forged) {
      await state.set(key, text, time + minute)
      expect(await sessionsOn().find(secret), text.slice(0, 8)).to.equal(undefined)
    }
    await state.set(key, value, time + minute)
    expect(await sessionsOn().find(secret)).not.to.equal(undefined)
    // Another login, and another use, of the same store; also where somebody moves what is kept to where they look.
    const moved: StateStore = { ...spy, get: () => value }
    for (const store of [state, moved]) {
      for (const vault of [new Vault('session', 'another app', store, clock), new Vault('login', 'app', store, clock)]) {
        expect(await vault.get(secret)).to.equal(undefined)
      }
    }
    expect(await new Vault('session', 'app', moved, clock).get(secret)).not.to.equal(undefined)
  })

  if (hasRedis()) {
    it('are renewed once by two processes on one Redis', async () => {
      const server = await startRedis()
      const clients = [0, 1].map(() => new Redis(server.port, '127.0.0.1', { lazyConnect: true, enableOfflineQueue: false }))
      try {
        await Promise.all(clients.map((client) => client.connect()))
        const [one, other] = clients.map((client) => sessionsOn(new RedisStateStore(client, { clock, deadline: 5_000 })))
        const secret = await start(one!)
        time += 5 * minute + 1
        const found = await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one! : other!).find(secret)))
        expect(new Set(found.map((session) => session?.tokens.accessToken))).to.deep.equal(new Set(['access-2']))
        expect(asked).to.deep.equal(['refresh-1'])
        await other!.end(secret)
        expect(await one!.find(secret)).to.equal(undefined)
      } finally {
        for (const client of clients) client.disconnect()
        await server.stop()
      }
    })
  }
})
