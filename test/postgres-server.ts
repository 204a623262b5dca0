import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.js'
import { untilSaid } from './until-said.js'

/** A PostgreSQL of this test's own: on a free port, in a folder that goes with it. */
export interface PostgresServer {
  /** `postgres://…`, for a database that is empty. */
  readonly url: string
  /** Stops all of it as a hanging machine would; `resume` lets it go on. */
  pause(): void
  resume(): void
  /** Ends all of it at once, as a power cut would; `restart` starts it on what is left. */
  kill(): Promise<void>
  restart(): Promise<void>
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
export async function startPostgres(programs: string, ...more: readonly string[]): Promise<PostgresServer> {
  const directory = openFolder()
  const data = join(directory, 'data')
  const port = await freePort()
  run('cp', ['-a', (fresh ??= freshCluster(programs)), data], directory)
  const settings = ['fsync=off', 'listen_addresses=127.0.0.1', `unix_socket_directories=${directory}`, ...more].flatMap((one) => [
    '-c',
    one,
  ])
  const program = asUser(join(programs, 'postgres'), ['-D', data, '-p', String(port), ...settings])
  let server = await started()

  async function started(): Promise<ChildProcess> {
    const process = spawn(program.command, program.args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] })
    await untilSaid('ready to accept connections', process.stderr, 'PostgreSQL')
    return process
  }

  async function ended(): Promise<void> {
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
  }

  function resume(): void {
    signal(data, 'SIGCONT')
    // runuser stops along with what it runs.
    server.kill('SIGCONT')
  }

  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    pause: () => signal(data, 'SIGSTOP'),
    resume,
    async kill() {
      signal(data, 'SIGKILL')
      server.kill('SIGCONT')
      await ended()
    },
    async restart() {
      server = await started()
    },
    async stop() {
      resume()
      const stop = asUser(join(programs, 'pg_ctl'), ['-D', data, '-m', 'immediate', 'stop'])
      spawnSync(stop.command, stop.args, { cwd: directory })
      await ended()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** A cluster of databases in which nothing has happened yet: making one takes longer than a copy of it. */
let fresh: string | undefined

function freshCluster(programs: string): string {
  const directory = openFolder()
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  const data = join(directory, 'data')
  run(join(programs, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'], directory)
  return data
}

/** A new folder that the user postgres may write to. */
function openFolder(): string {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-postgres-'))
  chmodSync(directory, 0o777)
  return directory
}

function run(program: string, args: readonly string[], cwd: string): void {
  const { command, args: all } = asUser(program, args)
  const { status, stderr } = spawnSync(command, all, { encoding: 'utf8', cwd })
  if (status !== 0) throw new Error(`${program} failed: ${stderr}`)
}

/** The first process first: it would start anew what it sees end. */
function signal(data: string, name: NodeJS.Signals): void {
  const [first] = read(join(data, 'postmaster.pid')).split('\n')
  const others = spawnSync('ps', ['-A', '-o', 'ppid=,pid='], { encoding: 'utf8' })
    .stdout.split('\n')
    .map((line) => line.trim().split(/\s+/))
  const all = [first, ...others.filter(([parent]) => parent === first).map(([, id]) => id)]
  for (const id of all.map(Number).filter((id) => id > 1)) attempt(() => process.kill(id, name))
}

function read(file: string): string {
  return attempt(() => readFileSync(file, 'utf8')) ?? ''
}

/** A process or file may be gone by now. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}

function asUser(command: string, args: readonly string[]): { command: string; args: readonly string[] } {
  return isRoot ? { command: 'runuser', args: ['-u', 'postgres', '--', command, ...args] } : { command, args }
}

function listed(folder: string): readonly string[] {
  return attempt(() => readdirSync(folder)) ?? []
}
