import { createHash } from 'node:crypto'

/** What scripts need of a client of ioredis: its `Redis` and `Cluster` have it. */
export interface IoredisScriptClient {
  eval(script: string, keyCount: number, ...keysAndArguments: Array<string | number>): Promise<unknown>
  evalsha(sha: string, keyCount: number, ...keysAndArguments: Array<string | number>): Promise<unknown>
}

/** What scripts need of a client of node-redis: what its `createClient`, `createClientPool` and `createCluster` make has it. */
export interface NodeRedisScriptClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** A client that is connected to Redis or Valkey: of ioredis or of node-redis. */
export type RedisScriptClient = IoredisScriptClient | NodeRedisScriptClient

/** A script for Redis, and the hash that it is called by. */
export interface Script {
  readonly source: string
  readonly sha: string
}

export function scriptOf(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}

/** Runs a script by its hash; Redis forgets scripts when it restarts, and is then sent the whole. */
export async function evaluate(
  client: RedisScriptClient,
  script: Script,
  keys: readonly string[],
  values: ReadonlyArray<string | number>,
): Promise<unknown> {
  const ask = 'evalSha' in client ? nodeRedis(client, keys, values) : ioredis(client, keys, values)
  try {
    return await ask.byHash(script.sha)
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return ask.whole(script.source)
  }
}

interface Asking {
  byHash(sha: string): Promise<unknown>
  whole(source: string): Promise<unknown>
}

function ioredis(client: IoredisScriptClient, keys: readonly string[], values: ReadonlyArray<string | number>): Asking {
  return {
    byHash: (sha) => client.evalsha(sha, keys.length, ...keys, ...values),
    whole: (source) => client.eval(source, keys.length, ...keys, ...values),
  }
}

function nodeRedis(client: NodeRedisScriptClient, keys: readonly string[], values: ReadonlyArray<string | number>): Asking {
  const options = { keys: [...keys], arguments: values.map(String) }
  return { byHash: (sha) => client.evalSha(sha, options), whole: (source) => client.eval(source, options) }
}
