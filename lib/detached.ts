/** The same text in memory of its own: what was cut out of a body or a header otherwise keeps the whole of it alive. */
export function detached(text: string): string {
  return ` ${text}`.slice(1)
}
