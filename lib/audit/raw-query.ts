/** How much of a query is looked at, in characters. */
const longest = 4_096

/**
 * Reads a query that no rule has checked, for the record alone: repeated names become arrays. What is past 4,096
 * characters is left out.
 */
export function readRawQuery(query: string): Readonly<Record<string, string | string[]>> {
  const values = Object.create(null) as Record<string, string | string[]>
  for (const [name, value] of new URLSearchParams(withoutRest(query))) {
    const said = values[name]
    if (said === undefined) values[name] = value
    else if (typeof said === 'string') values[name] = [said, value]
    else said.push(value)
  }
  return values
}

/** Ends between two parameters: a value that was cut through could be half a secret. */
function withoutRest(query: string): string {
  if (query.length <= longest) return query
  const end = query.lastIndexOf('&', longest)
  return end === -1 ? query.slice(0, longest) : query.slice(0, end)
}
