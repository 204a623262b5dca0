/** Makes a function that writes a time, in milliseconds since 1970, as ISO 8601 in UTC. It computes the date once a second. */
export function timestamps(): (milliseconds: number) => string {
  let known = Number.NaN
  let date = ''
  return function timestamp(milliseconds) {
    const second = Math.floor(milliseconds / 1_000)
    if (second !== known) {
      date = new Date(second * 1_000).toISOString().slice(0, -4)
      known = second
    }
    const rest = Math.floor(milliseconds - second * 1_000)
    return `${date}${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}Z`
  }
}
