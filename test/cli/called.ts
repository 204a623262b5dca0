import { Readable } from 'node:stream'
import type { Command } from '../../lib/cli/command.js'
import { keysGenerate } from '../../lib/cli/keys/generate.js'
import { keysInspect } from '../../lib/cli/keys/inspect.js'
import { keysPublish } from '../../lib/cli/keys/publish.js'
import { keysRotate } from '../../lib/cli/keys/rotate.js'
import { runProgram } from '../../lib/cli/program.js'
import { tokenInspect } from '../../lib/cli/token/inspect.js'
import { tokenIssue } from '../../lib/cli/token/issue.js'
import { surroundings } from './surroundings.js'

const commands: readonly Command[] = [keysGenerate, keysRotate, keysPublish, keysInspect, tokenIssue, tokenInspect]

/** What a call finds where it runs. */
export interface Found {
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
}

/** How a call ended. */
export interface Called {
  readonly exitCode: number
  readonly output: string
  /** What stands on the error stream. */
  readonly said: string
}

/** Calls a command that is about keys or tokens, in this process. */
export async function called(words: readonly string[], { input, env = {} }: Found = {}): Promise<Called> {
  const standard = Readable.from(input === undefined ? [] : [Buffer.from(input)])
  const { output, notes, exitCode } = await runProgram(commands, words, surroundings({ env, input: standard }))
  return { output, exitCode, said: notes.join('\n') }
}

/** The output of a call that does what it is asked. */
export async function printed(words: readonly string[], found: Found = {}): Promise<string> {
  const { output, exitCode, said } = await called(words, found)
  if (exitCode !== 0) throw new Error(`portcullis ${words.join(' ')} ended with ${exitCode}: ${said}${output}`)
  return output
}
