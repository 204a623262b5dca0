/** `.042` for 42; nothing for 0. */
const fractions = Array.from({ length: 1_000 }, (_, count) => String(count / 1_000).slice(1))

/** The decimal number of so many thousandths, as `String` would write it: of a fraction the engine makes a text in four times the time. */
export function thousandths(count: number): string {
  if (!(count >= 0 && count < 1e15)) return String(count / 1_000)
  const whole = Math.floor(count / 1_000)
  return `${whole}${fractions[count - whole * 1_000] ?? ''}`
}
