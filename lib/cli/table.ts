/** Rows as lines in columns, the first row as their heads. `painted` is asked for each cell when it has its width. */
export function table(
  rows: ReadonlyArray<readonly string[]>,
  painted: (cell: string, row: number, column: number) => string = (cell) => cell,
): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((cells, row) =>
      cells
        .map((cell, column) => `${painted(cell, row, column)}${' '.repeat((widths[column] ?? 0) - cell.length)}`)
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
