import type { Command, CommandOption } from './command.js'

/** What `portcullis --help` prints. */
export function overview(commands: readonly Command[]): string {
  const rows = commands.map(({ name, summary }) => [name, summary] as const)
  return [
    'Makes what an API that Portcullis protects needs, and looks after it. Files are written only where one is named.',
    '',
    'Usage: portcullis <command> [options]',
    '',
    'Commands:',
    ...columns(rows),
    '',
    'Run portcullis <command> --help for the options of a command.',
  ].join('\n')
}

/** What `portcullis <command> --help` prints. */
export function helpOf({ name, description, options, arguments: wanted = [], examples = [] }: Command): string {
  const places = wanted.map(place).join('')
  const rows = [...Object.entries(options).map(row), ['-h, --help', 'Print this'] as const]
  return [
    ...[description, '', `Usage: portcullis ${name} ${places}[options]`, ''],
    ...(wanted.length === 0 ? [] : ['Arguments:', ...columns(wanted.map((one) => [one.name, one.description] as const)), '']),
    ...['Options:', ...columns(rows)],
    ...(examples.length === 0 ? [] : ['', 'Examples:', ...examples.map((example) => `  ${example}`)]),
  ].join('\n')
}

function place({ name, repeats, isOptional }: NonNullable<Command['arguments']>[number]): string {
  const word = `${name}${repeats === true ? '…' : ''}`
  return isOptional === true ? `[${word}] ` : `${word} `
}

function row([name, { value, description }]: readonly [string, CommandOption]): readonly [string, string] {
  return [value === undefined ? `--${name}` : `--${name} ${value}`, description]
}

function columns(rows: ReadonlyArray<readonly [string, string]>): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
