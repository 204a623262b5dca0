import { element } from './elements.js'

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' })
const hours = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const seconds = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' })

const units: ReadonlyArray<readonly [Intl.RelativeTimeFormatUnit, number]> = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
]

/** Milliseconds by which the server's clock is ahead of this one. */
let ahead = 0

export function followClock(serverNow: number): void {
  ahead = serverNow - Date.now()
}

/** `14:03` */
export function minuteOf(at: number): string {
  return hours.format(at)
}

/** `14:03:27` */
export function secondOf(at: number): string {
  return seconds.format(at)
}

/** `3 min. ago` */
function ago(at: number): string {
  const passed = Date.now() + ahead - at
  const [unit, length] = units.find(([, each]) => passed >= each) ?? ['second', 1_000]
  if (unit === 'second') return passed < 10_000 ? 'just now' : relative.format(-Math.floor(passed / 10_000) * 10, unit)
  return relative.format(-Math.floor(passed / length), unit)
}

/** When something happened, as long ago as that is by now; the date is told on hover. */
export function timeAgo(at: number): HTMLTimeElement {
  return element('time', { datetime: new Date(at).toISOString(), title: full.format(at), 'data-ago': at }, ago(at))
}

/** Lets the times on the page grow older. */
export function refreshTimes(): void {
  for (const time of document.querySelectorAll<HTMLElement>('time[data-ago]')) {
    const text = ago(Number(time.dataset['ago']))
    if (time.textContent !== text) time.textContent = text
  }
}
