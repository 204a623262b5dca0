// What else runs on a machine makes a round slower and never quicker: on a shared one, by two, for seconds, half of the time. The lower
// decile of many short rounds is the same whether or not that happens; a median is not.

/** What is measured while nothing disturbs: the lower decile. NaN of none. */
export function undisturbed(numbers: readonly number[]): number {
  return at(numbers, 1 / 10)
}

/** The same of what is better the higher it is. */
export function undisturbedRate(numbers: readonly number[]): number {
  return -undisturbed(numbers.map((number) => -number))
}

/** How far the median is above what is measured undisturbed, as a part of that. */
export function disturbance(numbers: readonly number[]): number {
  return at(numbers, 1 / 2) / undisturbed(numbers) - 1
}

/** The number below which a part of the others are. */
function at(numbers: readonly number[], part: number): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length * part)] ?? Number.NaN
}
