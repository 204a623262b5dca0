import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url))

/** How the program ended, and what it said. */
export interface Ended {
  readonly status: number | string | undefined
  readonly stdout: string
  readonly stderr: string
}

/** Runs the compiled program in a process of its own. */
export function portcullis(...words: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...words], (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : (error.code ?? undefined), stdout, stderr }),
    )
  })
}
