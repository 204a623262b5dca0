/** A length of time: milliseconds, or words such as `'500 ms'`, `'30 s'`, `'2 min'`, `'1 h'` and `'7 d'`. */
export type Duration = number | `${number} ${'ms' | 's' | 'min' | 'h' | 'd'}`

const units: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

/** A duration in milliseconds; undefined where it is none, or not from 1 to `longest`. */
export function millisecondsOf(duration: Duration, longest: number): number | undefined {
  const words = typeof duration === 'string' ? /^(\d+(?:\.\d+)?) (ms|s|min|h|d)$/.exec(duration) : undefined
  const milliseconds = typeof duration === 'number' ? duration : Number(words?.[1]) * (units.get(words?.[2] ?? '') ?? Number.NaN)
  return milliseconds >= 1 && milliseconds <= longest ? milliseconds : undefined
}
