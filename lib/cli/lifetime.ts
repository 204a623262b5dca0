import { UsageError } from './command.js'

const units: ReadonlyMap<string, number> = new Map([
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
])

/** A hundred years. */
const longest = 36_525 * 86_400_000

/** `90d` in milliseconds. Throws a `UsageError` that names the option where it is no time. */
export function toMilliseconds(option: string, text: string): number {
  const [, count, unit = ''] = /^([1-9]\d{0,6})([hdw])$/.exec(text) ?? []
  const milliseconds = Number(count) * (units.get(unit) ?? Number.NaN)
  if (milliseconds <= longest) return milliseconds
  throw new UsageError(`--${option} ${JSON.stringify(text)} is no time: write hours, days or weeks, such as 12h, 90d or 52w`)
}
