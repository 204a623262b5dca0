import { parseArgs } from 'node:util'
import { UsageError, parsed } from './command.js'
import type { Command, OptionValues, Printed } from './command.js'
import { helpOf, overview } from './help.js'

/** What the program printed, and how it ended. */
export interface Outcome extends Printed {
  /** 0, or 2 where it was not called as it can be. */
  readonly exitCode: 0 | 2
}

/** Runs the command that `words` name. Throws what a command throws besides `UsageError`. */
export async function runProgram(commands: readonly Command[], words: readonly string[]): Promise<Outcome> {
  const [name, ...rest] = words
  if (name === '--help' || name === '-h' || name === 'help') return { output: overview(commands), notes: [], exitCode: 0 }
  if (name === undefined) return { output: '', notes: [overview(commands)], exitCode: 2 }
  const command = commands.find((one) => one.name === name)
  try {
    if (command === undefined) throw new UsageError(`there is no command ${JSON.stringify(name)}`)
    const values = read(command, rest)
    if (values === undefined) return { output: helpOf(command), notes: [], exitCode: 0 }
    return { ...(await command.run(values)), exitCode: 0 }
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown
    const place = command === undefined ? 'portcullis' : `portcullis ${command.name}`
    return { output: '', notes: [`${place}: ${thrown.message}`, `Run: ${place} --help`], exitCode: 2 }
  }
}

/** The options that were written; undefined where help was asked for. */
function read(command: Command, words: readonly string[]): OptionValues | undefined {
  const values = parse(command, words)
  if (values['help'] !== undefined) return undefined
  for (const [name, given] of Object.entries(values)) {
    if (given.length > 1 && command.options[name]?.repeats !== true)
      throw new UsageError(`--${name} is given ${given.length} times: give it once`)
    if (given.includes('')) throw new UsageError(`--${name} is empty`)
  }
  return values
}

function parse({ options }: Command, words: readonly string[]): OptionValues {
  const known = { ...parsed(options), help: { type: 'boolean', multiple: true, short: 'h' } } as const
  try {
    const { values } = parseArgs({ args: [...words], options: known, strict: true, allowPositionals: false })
    return values as unknown as OptionValues
  } catch (thrown) {
    // Its words go on with advice about dashes, in further sentences.
    throw new UsageError((thrown as Error).message.split(/\. |\.?\n/, 1).join())
  }
}
