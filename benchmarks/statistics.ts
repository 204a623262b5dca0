/** The middle one; of an even number, the higher of the two in the middle. NaN of none. */
export function median(numbers: readonly number[]): number {
  return at(numbers, 1 / 2)
}

/** How far the upper quartile is above the lower, as a part of the median. */
export function spread(numbers: readonly number[]): number {
  return (at(numbers, 3 / 4) - at(numbers, 1 / 4)) / median(numbers)
}

/** The number below which a part of the others are. */
function at(numbers: readonly number[], part: number): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length * part)] ?? Number.NaN
}
