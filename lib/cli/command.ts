import type { Readable } from 'node:stream'
import type { ParseArgsConfig } from 'node:util'
import type { Paint } from './paint.js'

/** What an option of a command is. */
export interface CommandOption {
  /** What stands for its value in the help: `<scope>`. None for a switch. */
  readonly value?: string
  /** Whether it may come several times. */
  readonly repeats?: boolean
  /** One line. */
  readonly description: string
}

/** What a command takes by its place instead of by a name. */
interface CommandArgument {
  /** What stands for it in the help: `MODULE`. */
  readonly name: string
  /** Whether there may be more than one; of the last argument alone. */
  readonly repeats?: boolean
  /** Whether it may be left out; of the last argument alone. */
  readonly isOptional?: boolean
  /** One line. */
  readonly description: string
}

/** The values of options as they were written, by name. */
export type OptionValues = Readonly<Record<string, readonly string[]>>

/** What a command prints. */
export interface Printed {
  /** What another program may read. */
  readonly output: string
  /** What a person should know besides, on the error stream. */
  readonly notes: readonly string[]
  /** 1 where what was looked at is not as it should be. @default 0 */
  readonly exitCode?: 0 | 1
}

/** What a command may know of where it runs. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The standard input. */
  readonly input: Readable & { readonly isTTY?: boolean }
  /** For what does not fit into what is printed at the end. Resolves once there is room for more. */
  readonly write: (text: string) => Promise<void>
  /** Whether a person reads it, rather than another program. */
  readonly isTerminal: boolean
  /** Puts texts in colours, where they are shown. */
  readonly paint: Paint
  /** Shows how far it is on the error stream; undefined where nobody looks. */
  readonly progress: ((text: string) => void) | undefined
  /** Aborts when the program shall end. */
  readonly signal: AbortSignal
}

/** One command of the program. */
export interface Command {
  /** `api-key`, or two words: `limits show`. */
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** What the help of the command says besides its options. */
  readonly description: string
  /** Whole command lines for the help. @default none */
  readonly examples?: readonly string[]
  /** @default none */
  readonly arguments?: readonly CommandArgument[]
  readonly options: Readonly<Record<string, CommandOption>>
  /** Said of a word that the command does not know, in place of the word: it may be a key. @default the word is told */
  readonly secretMend?: string
  /** Throws `UsageError` where the options make no sense, `CommandError` where what they ask for cannot be done. */
  run(values: OptionValues, given: readonly string[], surroundings: Surroundings): Printed | Promise<Printed>
}

/** The program was called in a way that it does not know; the message says what to write instead. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** What was asked for cannot be done; the message says why, and the mend. */
export class CommandError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CommandError'
  }
}

/** The options of a command, in the form of `node:util`. */
export function parsed(options: Command['options']): NonNullable<ParseArgsConfig['options']> {
  const all = Object.entries(options).map(([name, { value }]) => [
    name,
    { type: value === undefined ? 'boolean' : 'string', multiple: true },
  ])
  return Object.fromEntries(all) as NonNullable<ParseArgsConfig['options']>
}

/** The value of an option that must be given. */
export function required(values: OptionValues, name: string): string {
  const value = optional(values, name)
  if (value === undefined) throw new UsageError(`--${name} is missing`)
  return value
}

/** The value of an option that may be left out. */
export function optional(values: OptionValues, name: string): string | undefined {
  return values[name]?.[0]
}
