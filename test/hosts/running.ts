import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AdapterServer, ConformanceSeen, StartAdapterServer } from '../../lib/testing.js'
import { stagePath } from './stage.js'
import type { Play } from './stage.js'

/** Milliseconds in which a host must listen: a Next.js server takes seconds where the machine is busy. */
const patience = 30_000

/** A host in a process of its own. */
export class RunningHost {
  private constructor(
    readonly url: string,
    /** Tells it to end as an operator does; gives its exit code, or the signal that ended it. */
    readonly stop: (signal?: 'SIGTERM' | 'SIGKILL') => Promise<number | string | null>,
  ) {}

  /** Starts a program, and waits until it has said where it listens: `pattern` finds the port in what it prints. */
  static async start(program: string, args: readonly string[], pattern: RegExp, environment: NodeJS.ProcessEnv = {}): Promise<RunningHost> {
    // What mocha and c8 say of themselves is not for what they start.
    const { NODE_OPTIONS: _options, NODE_V8_COVERAGE: _coverage, ...own } = process.env
    const child = spawn(program, [...args], { env: { ...own, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string | null)
    const stop = (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') => {
      child.kill(signal)
      return ended
    }
    let printed = ''
    const listens = new Promise<string>((resolve) => {
      const read = (chunk: Buffer) => {
        printed += chunk.toString()
        const [, found] = pattern.exec(printed) ?? []
        if (found !== undefined) resolve(found)
      }
      child.stdout.on('data', read)
      child.stderr.on('data', read)
    })
    const late = setTimeout(() => child.kill('SIGKILL'), patience)
    const port = await Promise.race([listens, ended.then(() => undefined)])
    clearTimeout(late)
    if (port === undefined)
      throw new Error(`${program} has not listened within ${patience} ms, and has ended with ${await ended}:\n${printed}`)
    return new RunningHost(`http://127.0.0.1:${port}`, stop)
  }

  /** Makes the host run another API from now on. */
  async play(play: Play): Promise<void> {
    const answer = await fetch(`${this.url}${stagePath}`, { method: 'POST', body: JSON.stringify(play) })
    if (!answer.ok) throw new Error(`the host has no stage: ${answer.status} ${await answer.text()}`)
    await answer.body?.cancel()
  }

  /** What the API has seen that it runs. */
  async seen<Seen>(): Promise<Seen> {
    return (await (await fetch(`${this.url}${stagePath}`)).json()) as Seen
  }
}

/** One host for all cases: each has an API of its own in it. */
export function onStage(host: () => RunningHost): StartAdapterServer {
  return async function start(_api, options): Promise<AdapterServer> {
    await host().play({ name: 'conformance', options })
    return { url: host().url, close: () => undefined, seen: () => host().seen<ConformanceSeen>() }
  }
}
