import type { InputError } from '../errors.js'

/** The part of a request that is checked. */
export type InputPart = InputError['in']

/** No more than so many are told: a body of nothing but mistakes must not cost more than a good one. */
const most = 20

/** Collects what is wrong with one part of a request. */
export class Issues {
  readonly list: InputError[] = []

  constructor(readonly part: InputPart) {}

  get isFull(): boolean {
    return this.list.length >= most
  }

  add(path: string, code: string, message: string): void {
    if (!this.isFull) this.list.push({ in: this.part, path, code, message })
  }
}

/** A JSON Pointer (RFC 6901) one step further; names that came from outside are cut off. */
export function pointer(path: string, name: string | number): string {
  const text = String(name)
  const short = text.length > 64 ? `${text.slice(0, 64)}…` : text
  return `${path}/${short.replaceAll('~', '~0').replaceAll('/', '~1')}`
}
