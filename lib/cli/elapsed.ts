const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
] as const

/** How far a time is from now: `3 d ago`, `in 12 min`. */
export function fromNow(time: number, now: number): string {
  const distance = Math.abs(time - now)
  const [length, unit] = units.find(([one]) => distance >= one) ?? ([1_000, 's'] as const)
  const shown = `${Math.floor(distance / length).toLocaleString('en')} ${unit}`
  return time < now ? `${shown} ago` : `in ${shown}`
}

/** A time of a token or a key, seconds since 1970, as a date; undefined where no date is that far away. */
export function dateOf(seconds: unknown): Date | undefined {
  const date = new Date(typeof seconds === 'number' ? seconds * 1000 : Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : date
}
