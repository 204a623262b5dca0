import { ValidationFailed } from '../errors.js'
import type { InputError } from '../errors.js'

/** The part of a request that is checked. */
export type InputPart = InputError['in']

/** Where a value stands, and the place of what holds it. Undefined is the whole part. */
export interface Place {
  readonly within: Place | undefined
  /** An index, or a name that `segment` made fit to be told. */
  readonly name: string | number
}

/** No more than so many are told: a body of nothing but mistakes must not cost more than a good one. */
const most = 20
const longestName = 64
const longestMessage = 300

const none: readonly never[] = Object.freeze([])

/** Collects what is wrong with one part of a request. */
export class Issues {
  #list: InputError[] | undefined
  #thrown: readonly unknown[] = none
  #isClosed = false

  constructor(readonly part: InputPart) {}

  get list(): readonly InputError[] {
    return this.#list ?? none
  }

  /** What validators threw instead of answering: of several the first. */
  get thrown(): readonly unknown[] {
    return this.#thrown
  }

  /** Whether no more are wanted. */
  get isFull(): boolean {
    return this.#isClosed || this.list.length >= most
  }

  add(place: Place | undefined, code: string, message: string): void {
    if (this.isFull) return
    ;(this.#list ??= []).push({ in: this.part, path: pointer(place), code, message: shown(message, longestMessage) })
  }

  /** Adds what others have found, as far as there is room. */
  addAll({ list }: Issues): void {
    ;(this.#list ??= []).push(...list.slice(0, this.isFull ? 0 : most - this.list.length))
  }

  /** Adds what makes it pointless to look for more. */
  addLast(place: Place | undefined, code: string, message: string): void {
    this.add(place, code, message)
    this.#isClosed = true
  }

  /** Remembers why a validator gave no answer. */
  blame(thrown: unknown): void {
    if (this.#thrown.length === 0) this.#thrown = [thrown]
  }
}

/** The refusal of a request of which anything is wrong. */
export function refusalOf(parts: readonly Issues[]): ValidationFailed | undefined {
  const wrong = parts.filter(({ list }) => list.length > 0)
  const [first] = wrong
  if (first === undefined) return undefined
  const [thrown] = parts.flatMap((one) => one.thrown)
  // One part has no more than so many.
  const errors = wrong.length === 1 ? first.list : wrong.flatMap(({ list }) => list).slice(0, most)
  return refusalFor(errors, thrown)
}

/** The refusal for what is wrong in one part, where validators may have thrown something. */
export function refusalFor(errors: readonly InputError[], thrown: unknown): ValidationFailed {
  return thrown === undefined ? new Failed(errors) : new ValidationFailed(errors, { cause: thrown, reason: 'validator-threw' })
}

const model = new ValidationFailed([])

/** With the stack of the model: making one would cost as much as all checks of the body, and a client's mistakes are worth none. */
const Failed = function (this: { errors: readonly InputError[] }, errors: readonly InputError[]) {
  this.errors = errors
} as unknown as new (errors: readonly InputError[]) => ValidationFailed
Failed.prototype = model

/** The JSON Pointer (RFC 6901) to a place. */
function pointer(place: Place | undefined): string {
  let path = ''
  for (let at = place; at !== undefined; at = at.within) {
    path = `/${at.name}${path}`
  }
  return path
}

/** A name as it stands in a pointer. It may come from outside. */
export function segment(name: string): string {
  const text = shown(name, longestName)
  return text.includes('~') || text.includes('/') ? text.replaceAll('~', '~0').replaceAll('/', '~1') : text
}

/** Text that may come from outside: cut off, and without characters that could rewrite a log or a terminal. */
export function shown(text: string, longest: number): string {
  const short = text.length > longest ? `${text.slice(0, longest)}…` : text
  if (/^[ -~]*$/.test(short)) return short
  return short.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`
}
