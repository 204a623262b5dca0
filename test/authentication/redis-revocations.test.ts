import { expect } from 'chai'
import type { Redis } from 'ioredis'
import { RedisRevocations } from '../../lib/authentication/redis-revocations.js'
import type { RedisKeyClient } from '../../lib/authentication/redis-revocations.js'
import { Unavailable } from '../../lib/errors.js'
import { now } from './forge.js'

const clock = { now: () => now }

class FakeRedis implements RedisKeyClient {
  readonly kept = new Map<string, readonly unknown[]>()

  async exists(key: string): Promise<number> {
    return this.kept.has(key) ? 1 : 0
  }

  async set(key: string, ...rest: readonly unknown[]): Promise<unknown> {
    this.kept.set(key, rest)
    return 'OK'
  }
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
}

describe('revocations in Redis', () => {
  it('remember a token until no verifier takes it any more', async () => {
    const redis = new FakeRedis()
    const revocations = new RedisRevocations(redis, { clock })
    await revocations.revoke('a', now + 1000.5)
    expect([...redis.kept]).to.deep.equal([['portcullis:revoked:a', ['1', 'PX', 301_001]]])
    expect([await revocations.isRevoked('a'), await revocations.isRevoked('b')]).to.deep.equal([true, false])
  })

  it('write nothing for a token that has long expired', async () => {
    const redis = new FakeRedis()
    await new RedisRevocations(redis, { clock, prefix: 'x:' }).revoke('a', now - 300_000)
    expect(redis.kept.size).to.equal(0)
  })

  it('fail closed where Redis errs, at once or later, and where it is late', async () => {
    const broken: RedisKeyClient[] = [
      { exists: () => Promise.reject(new Error('gone')), set: () => Promise.reject(new Error('gone')) },
      {
        exists: () => {
          throw new Error('closed')
        },
        set: () => {
          throw new Error('closed')
        },
      },
      { exists: () => new Promise(() => undefined), set: () => new Promise(() => undefined) },
    ]
    for (const client of broken) {
      const revocations = new RedisRevocations(client, { clock, deadline: 5 })
      for (const thrown of [await failure(revocations.isRevoked('a')), await failure(revocations.revoke('a', now + 1000))]) {
        expect(thrown).to.be.instanceOf(Unavailable)
        expect(thrown).to.include({ status: 503, reason: 'revocations-unavailable' })
        expect((thrown as Unavailable).message).not.to.match(/gone|closed|ms/)
      }
    }
  })

  it('take anything but 0 for revoked', async () => {
    const odd = { exists: () => Promise.resolve(undefined as unknown as number), set: () => Promise.resolve('OK') }
    expect(await new RedisRevocations(odd).isRevoked('a')).to.equal(true)
  })

  it('throw for a revocation that would revoke nothing', async () => {
    const revocations = new RedisRevocations(new FakeRedis())
    expect(await failure(revocations.revoke('', now))).to.be.instanceOf(TypeError)
    expect(await failure(revocations.revoke('a', Number.NaN))).to.be.instanceOf(TypeError)
    expect(() => new RedisRevocations(new FakeRedis(), { deadline: 0 })).to.throw(RangeError)
  })

  it('take a client of ioredis as it is', () => {
    const fromIoredis = (client: Redis): RedisRevocations => new RedisRevocations(client)
    expect(fromIoredis(new FakeRedis() as unknown as Redis)).to.be.instanceOf(RedisRevocations)
  })
})
