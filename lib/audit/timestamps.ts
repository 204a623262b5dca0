import { detached } from '../detached.js'

/**
 * Makes a function that writes a time, in milliseconds since 1970, as ISO 8601 in UTC, between two other texts. It computes the date once
 * a second.
 */
export function timestamps(before = '', after = ''): (milliseconds: number) => string {
  let last = Number.NaN
  let text = ''
  let known = Number.NaN
  let date = ''
  return function timestamp(milliseconds) {
    // Under load, many come in one millisecond.
    if (milliseconds === last) return text
    const second = Math.floor(milliseconds / 1_000)
    if (second !== known) {
      date = new Date(second * 1_000).toISOString().slice(0, -4)
      known = second
    }
    const rest = Math.floor(milliseconds - second * 1_000)
    text = detached(`${before}${date}${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}Z${after}`)
    last = milliseconds
    return text
  }
}
