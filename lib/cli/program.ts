import { parseArgs } from 'node:util'
import { UsageError, parsed } from './command.js'
import type { Command, OptionValues, Printed, Surroundings } from './command.js'
import { helpOf, overview, topicHelp } from './help.js'

/** What the program printed, and how it ended. */
export interface Outcome {
  readonly output: string
  readonly notes: readonly string[]
  /** 0, 1 where the answer to what was asked is no, or 2 where it was not called as it can be. */
  readonly exitCode: 0 | 1 | 2
}

interface Call {
  readonly values: OptionValues
  readonly operands: readonly string[]
}

/** Runs the command that `words` name. Throws what a command throws besides `UsageError`. */
export async function runProgram(commands: readonly Command[], words: readonly string[], surroundings: Surroundings): Promise<Outcome> {
  const [name] = words
  if (isHelp(name)) return { output: overview(commands), notes: [], exitCode: 0 }
  if (name === undefined) return { output: '', notes: [overview(commands)], exitCode: 2 }
  const command = commands.find((one) => one.name.split(' ').every((word, index) => word === words[index]))
  try {
    if (command === undefined) return aboutTopic(commands, words)
    const call = read(command, words.slice(command.name.split(' ').length))
    if (call === undefined) return { output: helpOf(command), notes: [], exitCode: 0 }
    const printed: Printed = await command.run(call.values, call.operands, surroundings)
    return { exitCode: 0, ...printed }
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown
    const place = command === undefined ? 'portcullis' : `portcullis ${command.name}`
    return { output: '', notes: [`${place}: ${thrown.message}`, `Run: ${place} --help`], exitCode: 2 }
  }
}

/** The first of two words, without the second. */
function aboutTopic(commands: readonly Command[], [topic = '', word]: readonly string[]): Outcome {
  const own = commands.filter(({ name }) => name.startsWith(`${topic} `))
  if (own.length === 0) throw new UsageError(`there is no command ${JSON.stringify(topic)}`)
  if (isHelp(word)) return { output: topicHelp(topic, own), notes: [], exitCode: 0 }
  throw new UsageError(`write one of: ${own.map(({ name }) => name).join(', ')}`)
}

function isHelp(word: string | undefined): boolean {
  return word === '--help' || word === '-h' || word === 'help'
}

/** The options that were written; undefined where help was asked for. */
function read(command: Command, words: readonly string[]): Call | undefined {
  const call = parse(command, words)
  if (call.values['help'] !== undefined) return undefined
  for (const [name, given] of Object.entries(call.values)) {
    if (given.length > 1 && command.options[name]?.repeats !== true)
      throw new UsageError(`--${name} is given ${given.length} times: give it once`)
    if (given.includes('')) throw new UsageError(`--${name} is empty`)
  }
  return call
}

function parse({ options, operands }: Command, words: readonly string[]): Call {
  const known = { ...parsed(options), help: { type: 'boolean', multiple: true, short: 'h' } } as const
  try {
    const { values, positionals } = parseArgs({ args: [...words], options: known, strict: true, allowPositionals: operands !== undefined })
    return { values: values as unknown as OptionValues, operands: positionals }
  } catch (thrown) {
    // Its words go on with advice about dashes, in further sentences.
    throw new UsageError((thrown as Error).message.split(/\. |\.?\n/, 1).join())
  }
}
