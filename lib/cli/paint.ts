/** Puts a text in a colour, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string

/** What a colour means: worse, mind this, better, worth knowing, of more weight, of less. */
export type Colour = 'red' | 'yellow' | 'green' | 'cyan' | 'bold' | 'dim'

const codes: Readonly<Record<Colour, number>> = { red: 31, yellow: 33, green: 32, cyan: 36, bold: 1, dim: 2 }

/** For files, pipes and those who want no colours. */
export const plain: Paint = (_colour, text) => text

/** How a stream is painted: in colours on a terminal, unless `NO_COLOR` is set (no-color.org) or the terminal has none. */
export function paintFor(stream: { readonly isTTY?: boolean }, environment: Readonly<Record<string, string | undefined>>): Paint {
  const isUnwanted = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb'
  if (stream.isTTY !== true || isUnwanted) return plain
  return (colour, text) => (text === '' ? text : `\u001b[${codes[colour]}m${text}\u001b[0m`)
}
