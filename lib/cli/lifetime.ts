import { UsageError } from './command.js'

const units: ReadonlyMap<string, number> = new Map([
  ...unit(1_000, 's', 'second', 'seconds'),
  ...unit(60_000, 'min', 'minute', 'minutes'),
  ...unit(3_600_000, 'h', 'hour', 'hours'),
  ...unit(86_400_000, 'd', 'day', 'days'),
  ...unit(604_800_000, 'w', 'week', 'weeks'),
])

/** A hundred years. */
const longest = 36_525 * 86_400_000

/** `90d` or `15 minutes` in milliseconds. Throws a `UsageError` that names the option where it is no time. */
export function toMilliseconds(option: string, text: string): number {
  const [, count, name = ''] = /^([1-9]\d{0,6}) ?([a-z]+)$/.exec(text) ?? []
  const milliseconds = Number(count) * (units.get(name) ?? Number.NaN)
  if (milliseconds <= longest) return milliseconds
  throw new UsageError(`--${option} ${JSON.stringify(text)} is no time: write such as 30s, '15 minutes', 12h, 90d or 52w`)
}

function unit(milliseconds: number, ...names: readonly string[]): ReadonlyArray<readonly [name: string, milliseconds: number]> {
  return names.map((name) => [name, milliseconds])
}
