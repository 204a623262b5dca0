// What a benchmark is asked, and what it gives back.
import type { BarChart, LineChart } from './chart.js'

/** How thoroughly is measured. */
export interface BenchmarkOptions {
  /** How often each is measured, in turn with the others. */
  readonly rounds: number
  /** Milliseconds of one measurement. */
  readonly milliseconds: number
  /** Milliseconds of load before the first measurement, so that what is measured is compiled code. */
  readonly warmUp: number
  /** Whether this only shows that everything works: sizes are small too. */
  readonly isQuick: boolean
  /** Says what is being done. */
  readonly progress: (text: string) => void
}

export type Cell = string | number | undefined

/** Numbers, with a heading for each column. */
export interface Table {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: ReadonlyArray<readonly Cell[]>
}

/** What one benchmark found. */
export interface SuiteResult {
  readonly title: string
  readonly tables: readonly Table[]
  readonly charts: Readonly<Record<string, BarChart | LineChart>>
  /** What must be known to read the numbers. */
  readonly notes: readonly string[]
  /** Packages whose versions count. */
  readonly packages: readonly string[]
}

/** A table for a terminal. */
export function textTable({ title, columns, rows }: Table): string {
  const cells = [columns, ...rows.map((row) => row.map(cellText))]
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const lines = cells.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '),
  )
  const [head = '', ...body] = lines
  return [title, '', head, widths.map((width) => '─'.repeat(width)).join('  '), ...body].map((line) => line.trimEnd()).join('\n')
}

/** The same for a page of Markdown. */
export function markdownTable({ columns, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(columns),
    line(columns.map((_, column) => (column === 0 ? '---' : '---:'))),
    ...rows.map((row) => line(row.map(cellText))),
  ].join('\n')
}

/** Three digits that count, and no more. */
export function cellText(cell: Cell): string {
  if (cell === undefined || Number.isNaN(cell)) return '–'
  if (typeof cell === 'string') return cell
  if (Math.abs(cell) >= 1_000) return Number(cell.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 0 })
  return cell >= 100 ? cell.toFixed(0) : cell >= 10 ? cell.toFixed(1) : cell.toFixed(2)
}
