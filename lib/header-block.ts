import { STATUS_CODES } from 'node:http'
import { requireStatus } from './errors.js'

/** Of so many statuses the beginning is kept: a route has a few, but what another server says may be passed on. */
const mostHeads = 16

/**
 * Headers that all answers of a route bear, found fit to be sent at start-up: names and values in turn. None of them says how long the answer
 * is, when it was made or what becomes of the connection.
 */
export class HeaderBlock {
  readonly #heads = new Map<number, string>()
  /** What is left without one of them, by its name in lower case: handlers replace the same ones over and over. */
  readonly #others = new Map<string, HeaderBlock>()

  constructor(
    readonly flat: readonly string[],
    /** What is left of another may be one of thousands, where handlers pass on what other servers say, and keeps nothing. */
    private readonly isWhole = true,
  ) {}

  /** The beginning of an answer as HTTP/1.1 writes it: the status line and these headers (RFC 9112 §4 and §5). */
  head(status: number): string {
    const known = this.#heads.get(status)
    if (known !== undefined) return known
    requireStatus(status)
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`
    for (let index = 0; index < this.flat.length; index += 2) head += `${this.flat[index]}: ${this.flat[index + 1]}\r\n`
    if (this.#heads.size < mostHeads) this.#heads.set(status, head)
    return head
  }

  /** The same without the header of this name; itself, where it has none. */
  without(lowerCaseName: string): HeaderBlock {
    const at = indexOf(this.flat, lowerCaseName)
    if (at < 0) return this
    const known = this.#others.get(lowerCaseName)
    if (known !== undefined) return known
    const left = new HeaderBlock([...this.flat.slice(0, at), ...this.flat.slice(at + 2)], false)
    if (this.isWhole) this.#others.set(lowerCaseName, left)
    return left
  }
}

/** A block without each header that is named in `headers`, names and values in turn. */
export function without(block: HeaderBlock, headers: readonly string[]): HeaderBlock {
  let left = block
  for (let index = 0; index < headers.length; index += 2) left = left.without((headers[index] ?? '').toLowerCase())
  return left
}

/** Names and values in turn, but for the headers with one of these names, in lower case. */
export function lacking(headers: readonly string[], lowerCaseNames: ReadonlySet<string>): readonly string[] {
  return headers.filter((_, index) => !lowerCaseNames.has((headers[index - (index % 2)] ?? '').toLowerCase()))
}

/** Where a header stands in names and values in turn, from a place on; -1 where it does not. */
export function indexOf(flat: readonly string[], lowerCaseName: string, from = 0): number {
  for (let index = from; index < flat.length; index += 2) {
    const name = flat[index] ?? ''
    if (name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName) return index
  }
  return -1
}
