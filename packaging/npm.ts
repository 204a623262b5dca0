import { execute, repository } from './tarball.js'

/** What a command of npm came to: it also fails where it found something. */
export interface Outcome {
  readonly failed: boolean
  readonly output: string
}

/** Runs a command of npm in a folder. */
export async function npm(args: readonly string[], folder = repository): Promise<Outcome> {
  try {
    const { stdout } = await execute('npm', [...args], { cwd: folder, maxBuffer: 64 * 1024 * 1024 })
    return { failed: false, output: stdout }
  } catch (thrown) {
    const { stdout = '', stderr = '' } = thrown as { readonly stdout?: string; readonly stderr?: string }
    return { failed: true, output: stdout === '' ? stderr : stdout }
  }
}
