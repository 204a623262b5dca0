import { capacityOf } from './limit.js'
import type { Charge, Verdict, WindowUse } from './store.js'
import { allowedVerdict, refusedVerdict } from './verdict.js'

/** A list of whole numbers, or an error: taken for less, it would let through what must not pass. */
export function numbersOf(answer: unknown): readonly number[] {
  const numbers = Array.isArray(answer) ? answer.map(numberIn) : []
  if (numbers.length > 0 && numbers.every(Number.isSafeInteger)) return numbers
  throw new Error('the server gave an answer that is no list of whole numbers')
}

/** Not what JavaScript takes for one: `null` and an empty text would be 0, and so would say that no penalty lasts. */
function numberIn(value: unknown): number {
  return typeof value === 'number' || (typeof value === 'string' && /^-?\d+$/.test(value)) ? Number(value) : Number.NaN
}

/**
 * The verdict in what a server says of each counter: how long its penalty lasts and, for each window, remaining, reset and endsAt. Throws
 * where that cannot be: more left than the limit holds, a penalty that is none or longer than the longest, a time that is over.
 *
 * @param isCharged whether everything was charged
 */
export function countersIn(charges: readonly Charge[], isCharged: boolean, numbers: readonly number[]): Verdict {
  const size = charges.reduce((sum, { windows }) => sum + 1 + 3 * windows.length, 0)
  if (numbers.length !== size) throw new Error('the server gave an answer that is no verdict')
  const penalties: number[] = []
  const uses: WindowUse[] = []
  let at = 0
  for (const { windows, penalty } of charges) {
    penalties.push(inRange(numbers[at], isCharged ? 0 : (penalty?.most ?? 0)))
    at += 1
    for (const limit of windows) {
      uses.push({ remaining: inRange(numbers[at], capacityOf(limit)), reset: inRange(numbers[at + 1]), endsAt: numbers[at + 2] ?? 0 })
      at += 3
    }
  }
  return isCharged ? allowedVerdict(uses) : refusedVerdict(charges, uses, penalties)
}

function inRange(number = -1, most = Infinity): number {
  if (number >= 0 && number <= most) return number
  throw new Error('the server gave an answer that cannot be')
}

/** The verdict of a server that says itself whether it has charged: where it has not, something must refuse. */
export function verdictIn(charges: readonly Charge[], allowed: number | undefined, numbers: readonly number[]): Verdict {
  const verdict = countersIn(charges, allowed === 1, numbers)
  if (allowed === 1 || (allowed === 0 && !verdict.allowed)) return verdict
  throw new Error('the server gave an answer that is no verdict')
}
