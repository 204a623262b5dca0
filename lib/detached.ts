/**
 * The same text in memory of its own: what was cut out of a body or a header otherwise keeps the whole of it alive. It is in one piece, which
 * is what makes it quick to compare and to copy: of what was cut out or put together, the engine takes several times as long.
 */
export function detached(text: string): string {
  return [text.slice(0, 1), text.slice(1)].join('')
}
