import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.js'

/** A PostgreSQL of this test's own: on a free port, in a folder that goes with it. */
export interface PostgresServer {
  /** `postgres://…`, for a database that is empty. */
  readonly url: string
  stop(): Promise<void>
}

const folders = ['/usr/lib/postgresql', '/usr/local/pgsql', '/opt/homebrew/opt/postgresql']
const isRoot = process.getuid?.() === 0

/** The folder of PostgreSQL's programs; undefined, and said so, where there is none. */
export function findPostgres(): string | undefined {
  const versions = folders.flatMap((folder) => listed(folder).map((version) => join(folder, version, 'bin')))
  const found = [...versions, ...(process.env.PATH ?? '').split(':')].find((folder) => listed(folder).includes('initdb'))
  if (found === undefined) console.warn('NOT TESTED: SQL on a real PostgreSQL, because none is installed')
  return found
}

/** Starts a server. PostgreSQL refuses to run as root, so root runs it as the user postgres. */
export async function startPostgres(programs: string): Promise<PostgresServer> {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-postgres-'))
  chmodSync(directory, 0o777)
  const data = join(directory, 'data')
  const port = await freePort()
  const initdb = asUser(join(programs, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'])
  const made = spawnSync(initdb.command, initdb.args, { encoding: 'utf8', cwd: directory })
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
  const settings = ['fsync=off', 'listen_addresses=127.0.0.1', `unix_socket_directories=${directory}`].flatMap((one) => ['-c', one])
  const start = asUser(join(programs, 'postgres'), ['-D', data, '-p', String(port), ...settings])
  const server = spawn(start.command, start.args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] })
  for await (const chunk of server.stderr) if (String(chunk).includes('ready to accept connections')) break
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      const stop = asUser(join(programs, 'pg_ctl'), ['-D', data, '-m', 'immediate', 'stop'])
      spawnSync(stop.command, stop.args, { cwd: directory })
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function asUser(command: string, args: readonly string[]): { command: string; args: readonly string[] } {
  return isRoot ? { command: 'runuser', args: ['-u', 'postgres', '--', command, ...args] } : { command, args }
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
