import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.js'
import { untilSaid } from '../until-said.js'

/** A Redis of this test's own: on a free port, writing nothing to disk. */
export interface RedisServer {
  readonly port: number
  /** Stops it as a hanging machine would; `resume` lets it go on. */
  pause(): void
  resume(): void
  stop(): Promise<void>
}

/** Whether a Redis can be started here; says so where it cannot. */
export function hasRedis(): boolean {
  const isInstalled = spawnSync('redis-server', ['--version']).status === 0
  if (!isInstalled) console.warn('NOT TESTED: the Redis store against a real Redis, because no redis-server is installed')
  return isInstalled
}

/** @param wanted the port; a free one where none is named */
export async function startRedis(wanted?: number, ...settings: readonly string[]): Promise<RedisServer> {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-redis-'))
  const port = wanted ?? (await freePort())
  const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory, ...settings], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await untilSaid('Ready to accept connections', server.stdout, 'Redis')
  return {
    port,
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    async stop() {
      if (server.exitCode === null && server.signalCode === null) {
        server.kill('SIGKILL')
        await once(server, 'exit')
      }
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
