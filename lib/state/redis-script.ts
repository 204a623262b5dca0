import { createHash } from 'node:crypto'

/** What scripts need of a client: `Redis` and `Cluster` of ioredis have it. */
export interface RedisScriptClient {
  eval(script: string, keyCount: number, ...keysAndArguments: Array<string | number>): Promise<unknown>
  evalsha(sha: string, keyCount: number, ...keysAndArguments: Array<string | number>): Promise<unknown>
}

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
  try {
    return await client.evalsha(script.sha, keys.length, ...keys, ...values)
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return client.eval(script.source, keys.length, ...keys, ...values)
  }
}
