import { detached } from '../detached.js'
import { Memo } from '../memo.js'
import { quote } from './quote.js'
import { secretMasker } from './secrets.js'
import type { RedactionOptions } from './secrets.js'
import { seenBefore } from './seen-before.js'

/** How far a text is searched past its limit, so that a secret is not cut into pieces that look harmless. */
export const overlap = 512

/** How many short texts without secrets are remembered. */
const mostKnown = 1_000

/** Most texts that are written again and again (paths, codes, the headers of browsers) are no longer, in characters. */
const short = 192

/** A text without secrets, and its JSON. */
export interface Harmless {
  readonly text: string
  readonly json: string
}

/** Writes texts as JSON, their secrets masked by what they look like. Remembers short ones that come again and hold none. */
export class MaskedTexts {
  readonly #mask: (text: string) => string
  readonly #shortest: number
  readonly #harmless = new Memo<Harmless>(mostKnown)
  readonly #isSeen = seenBefore()

  constructor(options: RedactionOptions) {
    this.#mask = secretMasker(options)
    // No secret of ours is shorter than four characters, and most texts are short words.
    this.#shortest = (options.patterns ?? []).length > 0 ? 0 : 4
  }

  /** Whether a text looks like a secret, or holds one. */
  isSecret(text: string): boolean {
    return this.#mask(text) !== text
  }

  /** The JSON of a text; of one that is longer, of so many characters. */
  json(value: string, limit: number): string {
    if (value.length < this.#shortest) return quote(value)
    if (value.length <= short && value.length <= limit) return this.#harmless.get(value)?.json ?? this.#newJson(value)
    if (value.length <= limit) return quote(this.#mask(value))
    return quote(this.#shorten(value, limit))
  }

  /** What is known of a short text, or not worth remembering: a text too short for a secret is too short to hold on to what it was cut from. */
  known(value: string): Harmless | undefined {
    if (value.length > short) return undefined
    return value.length < this.#shortest ? { text: value, json: quote(value) } : this.#harmless.get(value)
  }

  /** Of a short text that is not remembered. */
  #newJson(value: string): string {
    const masked = this.#mask(value)
    if (masked !== value || !this.#isSeen(value)) return quote(masked)
    return this.#harmless.keep(value, { text: detached(value), json: detached(quote(value)) }).json
  }

  #shorten(value: string, limit: number): string {
    const searched = limit + overlap
    let masked = this.#mask(value.slice(0, searched))
    // What was cut off at the end of the search may be the first half of a secret.
    if (value.length > searched) masked = masked.slice(0, -overlap)
    return masked.length <= limit && value.length <= searched ? masked : `${masked.slice(0, limit)}… [${value.length} characters]`
  }
}
