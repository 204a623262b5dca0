/** The words of rules and their JSON: as many as there are rules. What a request brought is never kept. */
const kept = new Map(['body', 'query', 'params', 'headers'].map((text) => [text, JSON.stringify(text)] as const))

/** Printable ASCII that JSON writes as it stands. */
const plain = /^[ !#-[\]-~]*$/

/** Keeps the JSON of a text that the program says again and again. For words of the program alone: nothing is ever forgotten. */
export function keepQuoted(text: string): string {
  if (!kept.has(text)) kept.set(text, JSON.stringify(text))
  return text
}

/** A text as JSON. */
export function quoted(text: string): string {
  return kept.get(text) ?? (plain.test(text) ? `"${text}"` : JSON.stringify(text))
}
