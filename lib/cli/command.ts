import type { ParseArgsConfig } from 'node:util'

/** What an option of a command is. */
export interface CommandOption {
  /** What stands for its value in the help: `<scope>`. None for a switch. */
  readonly value?: string
  /** Whether it may come several times. */
  readonly repeats?: boolean
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
  /** 1 where the answer to what was asked is no. @default 0 */
  readonly exitCode?: 0 | 1
}

/** What a command may know of where it runs. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** For what does not fit into what is printed at the end. Resolves once there is room for more. */
  readonly write: (text: string) => Promise<void>
  /** Whether a person reads it, rather than another program. */
  readonly isTerminal: boolean
  /** Shows how far it is on the error stream; undefined where nobody looks. */
  readonly progress: ((text: string) => void) | undefined
  /** Aborts when the program shall end. */
  readonly signal: AbortSignal
}

/** One command of the program. */
export interface Command {
  /** `api-key`; of two words where several commands are about one thing: `audit-log verify`. */
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** What the help of the command says besides its options. */
  readonly description: string
  readonly options: Readonly<Record<string, CommandOption>>
  /** What comes besides options, as the help writes it: `<file>...`. @default nothing */
  readonly operands?: string
  /** Throws `UsageError` where the options make no sense. */
  run(values: OptionValues, operands: readonly string[], surroundings: Surroundings): Printed | Promise<Printed>
}

/** The program was called in a way that it does not know; the message says what to write instead. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
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
