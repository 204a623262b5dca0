import { readFileSync } from 'node:fs'
import type { InventoryRow, ProtectionFacts } from '../inventory.js'
import { accessText } from './access.js'
import { CommandError, optional, UsageError } from './command.js'
import type { Command, Printed } from './command.js'
import { inventoryChanges } from './inventory-diff.js'
import type { RouteChange } from './inventory-diff.js'
import { moduleArgument, withApi } from './load-api.js'
import type { Colour, Paint } from './paint.js'
import { table } from './table.js'

/** Lists all routes of an API and what protects each; tells what one lost since a list was kept. */
export const inventory: Command = {
  name: 'inventory',
  summary: 'List the routes of an API and what protects each',
  description: [
    'Prints each route of the API with what protects it.',
    'With --diff, prints instead what changed since an inventory was kept with --json, and ends with 1 where a route lost a',
    'protection or became public. New routes are told, and what is better now.',
  ].join('\n'),
  examples: [
    'portcullis inventory dist/api.js',
    'portcullis inventory dist/api.js --json > inventory.json',
    'portcullis inventory dist/api.js --diff inventory.json',
    'portcullis inventory src/api.ts --markdown > docs/routes.md',
  ],
  arguments: [moduleArgument],
  options: {
    json: { description: 'As JSON, with every fact' },
    markdown: { description: 'As a table in Markdown' },
    diff: { value: '<file>', description: 'Compare with an inventory that was kept as JSON' },
  },
  async run(values, [file = ''], { paint }) {
    const isJson = values['json'] !== undefined
    if (isJson && values['markdown'] !== undefined) throw new UsageError('--json and --markdown are two forms: give one of them')
    const kept = optional(values, 'diff')
    if (kept !== undefined && values['markdown'] !== undefined) throw new UsageError('--diff has no form in Markdown')
    const before = kept === undefined ? undefined : readInventory(kept)
    const rows = await withApi(file, (api) => api.inventory())
    if (before !== undefined) return compared(inventoryChanges(before, rows), isJson, paint)
    if (isJson) return { output: JSON.stringify(rows, undefined, 2), notes: [] }
    return { output: values['markdown'] === undefined ? listed(rows, paint) : markdown(rows), notes: [] }
  },
}

function readInventory(file: string): readonly InventoryRow[] {
  const kept = parsed(file)
  if (Array.isArray(kept) && kept.every(isRow)) return kept
  throw new CommandError(`${file} is no inventory: make one with portcullis inventory MODULE --json > ${file}`)
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (thrown) {
    throw new CommandError(`${file} cannot be read: ${(thrown as Error).message}`)
  }
}

function isRow(row: unknown): row is InventoryRow {
  if (typeof row !== 'object' || row === null) return false
  const { method, path, protections } = row as Partial<Record<keyof InventoryRow, unknown>>
  return typeof method === 'string' && typeof path === 'string' && typeof protections === 'object' && protections !== null
}

const colours: Readonly<Record<RouteChange['verdict'], Colour>> = {
  ...{ worse: 'red', changed: 'yellow', new: 'yellow', gone: 'dim', better: 'green' },
}

function compared(changes: readonly RouteChange[], isJson: boolean, paint: Paint): Printed {
  const worse = changes.filter(({ verdict }) => verdict === 'worse').length
  const exitCode = worse > 0 ? 1 : 0
  if (isJson) return { output: JSON.stringify(changes, undefined, 2), notes: [], exitCode }
  const lines = changes.map(({ verdict, method, path, name, what }) => [verdict, method, path, name, what])
  const output = table(lines, (cell, row, column) => (column === 0 ? paint(colours[changes[row]?.verdict ?? 'new'], cell) : cell))
  if (worse > 0) return { output, notes: [`${worse === 1 ? 'One protection was' : `${worse} protections were`} lost.`], exitCode }
  return { output, notes: [changes.length === 0 ? 'Nothing changed.' : 'No protection was lost.'], exitCode }
}

const heads = ['METHOD', 'PATH', 'ACCESS', 'LIMITS', 'TAKES', 'RETURNS', 'FURTHER', 'ROUTE']

function listed(rows: readonly InventoryRow[], paint: Paint): string {
  return table([heads, ...rows.map(cellsOf)], (cell, row, column) => {
    if (row === 0) return paint('dim', cell)
    const { access } = rows[row - 1]?.protections ?? {}
    return column === 2 && access === 'public' ? paint('yellow', cell) : cell
  })
}

function markdown(rows: readonly InventoryRow[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll(/[\\|]/g, '\\$&')).join(' | ')} |`
  const titles = heads.map((head) => `${head.charAt(0)}${head.slice(1).toLowerCase()}`)
  return [line(titles), `|${heads.map(() => ' --- |').join('')}`, ...rows.map((row) => line(cellsOf(row)))].join('\n')
}

/** Facts that stand in columns of their own, or that every route has. */
const shown: ReadonlySet<string> = new Set(['access', 'limits', 'validates', 'returns', 'authentication', 'body'])

function cellsOf({ method, path, name, protections }: InventoryRow): readonly string[] {
  const { limits = [], validates = {}, returns = '' } = protections
  const takes = Object.entries(validates).map(([part, rules]) => `${part} ${rules}`)
  return [method, path, accessText(protections), limits.join(', '), takes.join(', '), returns, furtherOf(protections).join(', '), name]
}

function furtherOf(protections: ProtectionFacts): readonly string[] {
  return Object.entries(protections)
    .filter(([name]) => !shown.has(name))
    .map(([name, fact]) => (fact === true ? name : `${name} ${typeof fact === 'string' ? fact : JSON.stringify(fact)}`))
}
