import type { Command, CommandOption } from './command.js'

/** What `portcullis --help` prints. */
export function overview(commands: readonly Command[]): string {
  return [
    'Makes what an API that Portcullis protects needs, and checks what it leaves. Nothing is written to files.',
    '',
    'Usage: portcullis <command> [options]',
    '',
    ...listOf(commands),
  ].join('\n')
}

/** What `portcullis <topic> --help` prints, for commands of two words. */
export function topicHelp(topic: string, commands: readonly Command[]): string {
  return [`Usage: portcullis ${topic} <command> [options]`, '', ...listOf(commands)].join('\n')
}

function listOf(commands: readonly Command[]): readonly string[] {
  const rows = commands.map(({ name, summary }) => [name, summary] as const)
  return ['Commands:', ...columns(rows), '', 'Run portcullis <command> --help for the options of a command.']
}

/** What `portcullis <command> --help` prints. */
export function helpOf({ name, description, options, operands }: Command): string {
  const rows = [...Object.entries(options).map(row), ['-h, --help', 'Print this'] as const]
  const usage = `Usage: portcullis ${name}${operands === undefined ? '' : ` ${operands}`} [options]`
  return [description, '', usage, '', 'Options:', ...columns(rows)].join('\n')
}

function row([name, { value, description }]: readonly [string, CommandOption]): readonly [string, string] {
  return [value === undefined ? `--${name}` : `--${name} ${value}`, description]
}

function columns(rows: ReadonlyArray<readonly [string, string]>): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
