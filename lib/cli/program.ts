import { parseArgs } from 'node:util'
import { CommandError, UsageError, parsed } from './command.js'
import type { Command, OptionValues, Printed, Surroundings } from './command.js'
import { helpOf, overview } from './help.js'

/** What the program printed, and how it ended. */
export interface Outcome extends Omit<Printed, 'exitCode'> {
  /** 0; 1 where what was looked at is not as it should be, or could not be looked at; 2 where it was not called as it can be. */
  readonly exitCode: 0 | 1 | 2
}

/** Runs the command that `words` name. Throws what a command throws besides `UsageError` and `CommandError`. */
export async function runProgram(commands: readonly Command[], words: readonly string[], surroundings: Surroundings): Promise<Outcome> {
  const [first, second] = words
  if (first === '--help' || first === '-h' || first === 'help') return { output: overview(commands), notes: [], exitCode: 0 }
  if (first === undefined) return { output: '', notes: [overview(commands)], exitCode: 2 }
  const command = commands.find(({ name }) => name === first || name === `${first} ${second}`)
  const group = commands.filter(({ name }) => name.startsWith(`${first} `))
  if (command === undefined && group.length > 0 && (second === '--help' || second === '-h')) {
    return { output: overview(group), notes: [], exitCode: 0 }
  }
  try {
    if (command === undefined) throw unknownCommand(first, second, group)
    const call = read(command, words.slice(command.name.split(' ').length))
    if (call === undefined) return { output: helpOf(command), notes: [], exitCode: 0 }
    return { exitCode: 0, ...(await command.run(call.values, call.given, surroundings)) }
  } catch (thrown) {
    const place = command === undefined ? 'portcullis' : `portcullis ${command.name}`
    if (thrown instanceof CommandError) return { output: '', notes: [`${place}: ${thrown.message}`], exitCode: 1 }
    if (!(thrown instanceof UsageError)) throw thrown
    return { output: '', notes: [`${place}: ${thrown.message}`, `Run: ${place} --help`], exitCode: 2 }
  }
}

function unknownCommand(first: string, second: string | undefined, group: readonly Command[]): UsageError {
  if (group.length === 0) return new UsageError(`there is no command ${JSON.stringify(first)}`)
  const known = group.map(({ name }) => `"${name}"`).join(' or ')
  const found = second === undefined ? `${first} alone is no command` : `there is no command ${JSON.stringify(`${first} ${second}`)}`
  return new UsageError(`${found}: write ${known}`)
}

/** What was written behind the command; undefined where help was asked for. */
function read(command: Command, words: readonly string[]): { values: OptionValues; given: readonly string[] } | undefined {
  const { values, positionals: given } = parse(command, words)
  if (values['help'] !== undefined) return undefined
  for (const [name, texts] of Object.entries(values)) {
    if (texts.length > 1 && command.options[name]?.repeats !== true)
      throw new UsageError(`--${name} is given ${texts.length} times: give it once`)
    if (texts.includes('')) throw new UsageError(`--${name} is empty`)
  }
  const wanted = command.arguments ?? []
  const missing = wanted[given.length]
  if (missing !== undefined && missing.isOptional !== true) throw new UsageError(`${missing.name} is missing: ${missing.description}`)
  if (given.length > wanted.length && wanted.at(-1)?.repeats !== true)
    throw new UsageError(unknownWord(command, `Unexpected argument '${given[wanted.length]}'`))
  return { values, given }
}

function parse(command: Command, words: readonly string[]): { values: OptionValues; positionals: readonly string[] } {
  const options = { ...parsed(command.options), help: { type: 'boolean', multiple: true, short: 'h' } } as const
  try {
    const { values, positionals } = parseArgs({ args: [...words], options, strict: true, allowPositionals: true })
    return { values: values as unknown as OptionValues, positionals }
  } catch (thrown) {
    // Its words go on with advice about dashes, in further sentences; where a dash is the matter, they do not say it before.
    const [first = ''] = (thrown as Error).message.split(/\. |\.?\n/, 1)
    const said = first.replace(
      /^Option '(.+)' argument is ambiguous$/,
      "Option '$1' has no value: one that begins with a dash is written $1=-…",
    )
    const isUnknown = (thrown as NodeJS.ErrnoException).code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION'
    throw new UsageError(isUnknown ? unknownWord(command, said) : said)
  }
}

/** A word that was meant as a key must not go on to the error stream, and from there into the logs of a build. */
function unknownWord({ secretMend }: Command, said: string): string {
  if (secretMend === undefined) return said
  const [option] = /(?<=Unknown option ')--?[a-z-]{1,20}(?=')/.exec(said) ?? []
  return `${option === undefined ? 'Unexpected argument' : `Unknown option '${option}'`}: ${secretMend}`
}
