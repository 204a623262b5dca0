import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Contender } from './contenders.js'
import { jwtSecret } from './requests.js'
import type { ProcessUse } from './report-use.js'

/** A contender that runs, in a process of its own. */
export interface RunningContender {
  readonly port: number
  /** What its process has used so far. */
  use(): Promise<ProcessUse>
  /** Ends it, its log written out. */
  stop(): Promise<void>
}

const cores = cpus().length
const canPin = cores > 1 && hasTaskset()
const reporter = new URL('report-use.js', import.meta.url).href

/** While others have their turns, V8 would free memory and give up compiled code. A server under load has no such pauses. */
const engineOptions = ['--no-memory-reducer']

/** How a contender is started. */
export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Keeps it to the first core, where cores can be chosen. @default false */
  readonly isPinned?: boolean
}

/** Starts a contender. Throws when it ends instead of listening. */
export async function start({ script, args, env: own }: Contender, options: StartOptions = {}): Promise<RunningContender> {
  const program = [process.execPath, ...engineOptions, '--import', reporter, fileURLToPath(new URL(script, import.meta.url)), ...args]
  const [command = '', ...rest] = canPin && options.isPinned === true ? ['taskset', '-c', '0', ...program] : program
  const child = spawn(command, rest, {
    env: { ...process.env, NODE_ENV: 'production', PORT: '0', JWT_SECRET: jwtSecret, ...own, ...options.env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  const port = await Promise.race([portOf(child), ended.then(() => Promise.reject(new Error(`${script} ended before it listened`)))])
  return {
    port,
    async use() {
      const answer = once(child, 'message')
      child.send('use')
      const [use] = (await answer) as [ProcessUse]
      return use
    },
    async stop() {
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await ended
      clearTimeout(late)
    },
  }
}

/** Keeps this process, where the load is made, off the core of the servers. False where cores cannot be chosen. */
export function moveToAnotherCore(): boolean {
  if (canPin) execFileSync('taskset', ['-a', '-c', '-p', `1-${cores - 1}`, String(process.pid)], { stdio: 'ignore' })
  return canPin
}

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

async function portOf({ stdout }: ChildProcess): Promise<number> {
  if (stdout === null) throw new Error('the server has no output')
  for await (const line of createInterface(stdout)) {
    const port = /^listening (\d+)$/.exec(line)?.[1]
    if (port !== undefined) {
      stdout.resume()
      return Number(port)
    }
  }
  throw new Error('the server did not say where it listens')
}
