/**
 * How a limit counts.
 *
 * - `fixed`: a window begins with the first charge, and all of the count is there again when it ends. Exact within each window; around
 *   the end of one, twice the count can pass at once.
 * - `sliding`: of the window before, what still overlaps the last `window` milliseconds counts too, as if it had come evenly. Nothing can
 *   pass twice at once; in any span of the window's length less than twice the count passes.
 * - `bucket`: a bucket of `burst` tokens, of which `count` flow in over each `window`, evenly. In any span of time no more than the burst
 *   and what flowed in meanwhile passes, exactly.
 */
export type LimitAlgorithm = 'fixed' | 'sliding' | 'bucket'

/** So many calls in so much time. */
export interface Limit {
  /** How much may be charged in one window; a call charges 1 unless it says otherwise. */
  readonly count: number
  /** The window's length in milliseconds: whole seconds. */
  readonly window: number
  /** @default 'fixed', or 'bucket' where there is a `burst` */
  readonly algorithm?: LimitAlgorithm
  /** How much a bucket holds: what may be charged at once after a rest. */
  readonly burst?: number
}

type Unit = 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year'
type Letter = 's' | 'm' | 'h' | 'd' | 'w'
type Word = Unit | `${Unit}s`
type Period = Word | Letter | `${bigint} ${Word}` | `${bigint}${Letter}`
type Rate = `${bigint}${' per ' | '/' | ' / '}${Period}`

/**
 * Limits as they are written in source: `'10 per second'`, `'100/minute'`, `'5 per 2 hours'`, `'10/s'`, with `sliding` or `burst 20`
 * behind them, and lists such as `'100 per minute; 1000 per hour'`. A misspelt literal does not compile; of a list the compiler checks the first limit, and
 * start-up checks the rest. A text that is known only at run time is handed over parsed: `parseLimits(process.env.LIMIT)`.
 */
export type LimitString = Rate | `${Rate}${',' | ';' | '|'}${string}` | `${Rate} sliding${string}` | `${Rate} burst ${bigint}${string}`

const second = 1_000
const day = 86_400_000

/** Long names and, where there is one, the letter. A month is 30 days and a year 365. */
const units: ReadonlyArray<{ readonly name: Unit; readonly letter: string; readonly length: number }> = [
  { name: 'year', letter: '', length: 365 * day },
  { name: 'month', letter: '', length: 30 * day },
  { name: 'week', letter: 'w', length: 7 * day },
  { name: 'day', letter: 'd', length: day },
  { name: 'hour', letter: 'h', length: 3_600_000 },
  { name: 'minute', letter: 'm', length: 60_000 },
  { name: 'second', letter: 's', length: second },
]

const lengths: ReadonlyMap<string, number> = new Map(
  units.flatMap(({ name, letter, length }) => [name, `${name}s`, letter].map((word): [string, number] => [word, length])),
)

const unitWords = 'second, minute, hour, day, week, month or year, or s, m, h, d or w'

/** Fifteen digits: the largest integer that a structured field, and so `RateLimit-Policy`, can hold (RFC 9651 §3.3.1). */
const largestCount = 999_999_999_999_999
const longestWindow = 100 * 365 * day
/** Of sliding windows and buckets, count or burst times milliseconds: below it, each store reckons exactly in doubles. */
const largestProduct = 2 ** 52

/** A text that is no list of limits. The message says where, what is wrong, and how to mend it. */
export class LimitSyntaxError extends TypeError {
  constructor(
    readonly text: string,
    /** Offset into the text, from 0; the text's length where something is missing at its end. */
    readonly position: number,
    readonly problem: string,
    readonly mend: string,
  ) {
    super(`column ${position + 1} of ${JSON.stringify(text)}: ${problem}; ${mend}`)
    this.name = 'LimitSyntaxError'
  }
}

/**
 * Reads limits: a count, `per` or `/`, a unit of time with or without a number before it, then `sliding`, `burst` and a number, or
 * nothing; several of them parted by `,` `;` or `|`; in any case, with any spaces. Units are second, minute, hour, day, week, month (30
 * days) and year (365 days), singular or plural, or `s m h d w`: `m` is a minute.
 *
 * Throws `LimitSyntaxError` on anything else, and on a count, a burst or a number of units that is zero, has leading zeros or is too
 * large (15 digits, 100 years; for a sliding window or a bucket, count or burst times the window's milliseconds 2^52), on an empty item,
 * and on two limits for windows of the same length.
 */
export function parseLimits(text: string): readonly Limit[] {
  const reader = new LimitReader(text)
  const limits: Limit[] = []
  do {
    const position = reader.start()
    const limit = reader.limit()
    if (limits.some(({ window }) => window === limit.window)) {
      throw new LimitSyntaxError(text, position, `there is another limit per ${formatWindow(limit.window)}`, 'keep one of them')
    }
    limits.push(limit)
  } while (reader.hasAnother())
  return limits
}

/** A limit in words that `parseLimits` reads back: `10 per 2 hours`, `10 per second burst 20`. */
export function formatLimit(limit: Limit): string {
  const rate = `${limit.count} per ${formatWindow(limit.window)}`
  const algorithm = algorithmOf(limit)
  if (algorithm === 'bucket') return `${rate} burst ${capacityOf(limit)}`
  return algorithm === 'fixed' ? rate : `${rate} ${algorithm}`
}

/** How a limit counts, by default too. */
export function algorithmOf({ algorithm, burst }: Limit): LimitAlgorithm {
  return algorithm ?? (burst === undefined ? 'fixed' : 'bucket')
}

/** The most that can be charged at once. */
export function capacityOf(limit: Limit): number {
  return algorithmOf(limit) === 'bucket' ? (limit.burst ?? limit.count) : limit.count
}

/** A window in short: `1m`, `2h`, `30d`. */
export function shortWindow(window: number): string {
  const { letter, length } = units.find((unit) => unit.letter !== '' && window % unit.length === 0) ?? { letter: 's', length: second }
  return `${window / length}${letter}`
}

function formatWindow(window: number): string {
  const { name, length } = units.find((unit) => window % unit.length === 0) ?? { name: 'second', length: second }
  const multiple = window / length
  return multiple === 1 ? name : `${multiple} ${name}s`
}

class LimitReader {
  readonly #text: string
  #position = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Goes to the first sign of the next item, and says where that is. */
  start(): number {
    this.#take(/\s*/y)
    if (this.#position === this.#text.length || this.#sees(/[,;|]/y) !== '')
      this.#fail('there is no limit here', "write one, such as '10 per second', or take the separator away")
    return this.#position
  }

  limit(): Limit {
    const count = this.#number('a number of calls', "begin with one, such as '10 per second'", largestCount)
    this.#per()
    const position = this.#position
    const multiple = this.#sees(/[0-9]/y) !== '' ? this.#number('a number of units', "write such as '5 per 2 hours'", largestCount) : 1
    const window = multiple * this.#unit()
    if (window > longestWindow) this.#fail('the window is longer than 100 years', 'shorten it', position)
    return this.#withAlgorithm(count, window)
  }

  hasAnother(): boolean {
    if (this.#position === this.#text.length) return false
    if (this.#take(/[,;|]/y) === '') this.#fail(`a limit is followed by ${this.#found()}`, "part limits with ',', ';' or '|'")
    return true
  }

  #withAlgorithm(count: number, window: number): Limit {
    const position = this.#position
    const word = this.#take(/(?:sliding|burst)(?![a-z])/iy).toLowerCase()
    this.#take(/\s*/y)
    if (word === '') return { count, window }
    const burst = word === 'burst' ? this.#number('a number of calls', "write such as '10 per second burst 20'", largestCount) : undefined
    if ((burst ?? count) * window > largestProduct || count * window > largestProduct) {
      this.#fail(`${burst ?? count} is too many for so long a window`, 'write a smaller one, or a shorter window', position)
    }
    return burst === undefined ? { count, window, algorithm: 'sliding' } : { count, window, algorithm: 'bucket', burst }
  }

  #number(what: string, mend: string, largest: number): number {
    const position = this.#position
    const digits = this.#take(/[0-9]+/y)
    if (digits === '') this.#fail(`${this.#found()} is not ${what}`, mend)
    if (/^0+$/.test(digits)) this.#fail(`${what} cannot be 0`, 'write 1 or more', position)
    if (digits.startsWith('0')) this.#fail('a number has leading zeros', `write ${digits.replace(/^0+/, '')}`, position)
    const value = Number(digits)
    if (value > largest) this.#fail(`${what} cannot be over ${largest}`, 'write a smaller one', position)
    this.#take(/\s*/y)
    return value
  }

  #per(): void {
    const found = this.#found()
    const position = this.#position
    const word = this.#take(/\/|[a-z]+/iy).toLowerCase()
    if (word !== '/' && word !== 'per') this.#fail(`${found} stands where "per" or "/" belongs`, "write such as '10 per second'", position)
    this.#take(/\s*/y)
  }

  #unit(): number {
    const found = this.#found()
    const position = this.#position
    const word = this.#take(/[a-z]+/iy).toLowerCase()
    const length = lengths.get(word)
    if (word === '' || length === undefined) this.#fail(`${found} is no unit of time`, `write ${unitWords}`, position)
    this.#take(/\s*/y)
    return length
  }

  /** What stands at the reader, for a message. */
  #found(): string {
    const word = this.#sees(/[a-z]+|[0-9]+|./isuy)
    if (word === '') return 'the end'
    return JSON.stringify(word.length > 20 ? `${word.slice(0, 20)}…` : word)
  }

  #take(pattern: RegExp): string {
    const taken = this.#sees(pattern)
    this.#position += taken.length
    return taken
  }

  /** What a sticky pattern matches here, or nothing. */
  #sees(pattern: RegExp): string {
    pattern.lastIndex = this.#position
    return pattern.exec(this.#text)?.[0] ?? ''
  }

  #fail(problem: string, mend: string, position = this.#position): never {
    throw new LimitSyntaxError(this.#text, position, problem, mend)
  }
}
