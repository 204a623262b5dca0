/** The words of rules and their JSON: as many as there are rules. What a request brought is never kept. */
const kept = new Map(['body', 'query', 'params', 'headers'].map((text) => [text, JSON.stringify(text)] as const))

/** What JSON writes differently within quotes (RFC 8259 §7); halves of surrogate pairs too, as JSON.stringify does. */
const escaped = /["\\\u0000-\u001f\ud800-\udfff]/

/** A text as JSON. Most need nothing, and asking costs half of what the engine's own writer does for each. */
export function jsonText(text: string): string {
  return text.length < 100 && !escaped.test(text) ? `"${text}"` : JSON.stringify(text)
}

/** Keeps the JSON of a text that the program says again and again. For words of the program alone: nothing is ever forgotten. */
export function keepQuoted(text: string): string {
  if (!kept.has(text)) kept.set(text, JSON.stringify(text))
  return text
}

/** A text as JSON, of which many are words that are kept. */
export function quoted(text: string): string {
  return kept.get(text) ?? jsonText(text)
}
