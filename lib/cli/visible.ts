const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** What came from elsewhere as a text for a terminal: it must not command the terminal, nor turn the line around. */
export function visible(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return text.replaceAll(unseen, (one) => `\\u{${one.codePointAt(0)?.toString(16) ?? ''}}`)
}

/** JSON that is shown on a terminal as well: JSON leaves some control characters as they are. */
export function visibleJson(value: unknown): string {
  return (JSON.stringify(value, undefined, 2) ?? '').replaceAll(unseen, (one) => (one === '\n' ? one : escaped(one)))
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join('')
}
