/** The name that a typo most likely meant: at most two letters away. */
export function nearestName(typo: string, names: Iterable<string>): string | undefined {
  const near = [...names].map((name) => ({ name, distance: distanceBetween(typo, name) })).filter(({ distance }) => distance <= 2)
  return near.toSorted((a, b) => a.distance - b.distance)[0]?.name
}

/** Levenshtein's distance, row by row. */
function distanceBetween(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(change, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    above = row
  }
  return above[b.length] ?? 0
}
