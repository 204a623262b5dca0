import { Readable } from 'node:stream'
import type { Surroundings } from '../../lib/cli/command.js'
import { plain } from '../../lib/cli/paint.js'

/** Where commands run in tests, but for what a test wants to be different. */
export function surroundings(different: Partial<Surroundings> = {}): Surroundings {
  return {
    env: {},
    input: Readable.from([]),
    isTerminal: false,
    paint: plain,
    progress: undefined,
    signal: AbortSignal.timeout(5_000),
    write: async () => undefined,
    ...different,
  }
}
