import type { ConsoleState } from '../shape.js'
import { byId, count, element, empty, foreign, svgElement, visible } from './elements.js'
import { minuteOf } from './times.js'

const minutes = 60
const minute = 60_000

/** One number for each minute, as a row of bars. */
interface Lane {
  readonly name: string
  readonly look: 'requests' | 'refused' | 'failed' | 'reason'
  readonly counts: readonly number[]
  readonly total: number
}

interface DrawnLane extends Lane {
  readonly cursor: SVGRectElement
  readonly value: HTMLElement
}

/**
 * The last hour: a row of bars for requests, refusals, failures and each reason, all on one axis. A scrubber below them, or the mouse, picks
 * a minute, and the numbers beside the bars are then of that minute. Each row has its own scale, since refusals are few where all is well.
 */
export class Chart {
  readonly #root = byId('traffic-chart', HTMLElement)
  readonly #scrubber = element('input', { type: 'range', min: 0, max: minutes - 1, value: minutes - 1, 'aria-label': 'Minute' })
  readonly #head = element('th', { scope: 'col', class: 'number' }, 'Total')
  readonly #table = element('table', { class: 'lanes' })
  readonly #values = element('details', { class: 'values' }, element('summary', {}, 'All values as a table'))
  #lanes: readonly DrawnLane[] = []
  #since = 0
  #picked: number | undefined

  constructor() {
    this.#scrubber.addEventListener('input', () => this.#pick(this.#scrubber.valueAsNumber))
    this.#scrubber.addEventListener('focus', () => this.#pick(this.#scrubber.valueAsNumber))
    this.#scrubber.addEventListener('blur', () => this.#pick(undefined))
    this.#table.addEventListener('pointermove', (event) => this.#point(event))
    this.#table.addEventListener('pointerleave', () => this.#pick(this.#isScrubbing() ? this.#scrubber.valueAsNumber : undefined))
    this.#values.addEventListener('toggle', () => this.#fillValues())
    this.#root.append(this.#table, this.#values)
  }

  update({ series, reasons }: ConsoleState): void {
    this.#since = series.since
    const lane = (name: string, look: Lane['look'], counts: readonly number[]) => ({ name, look, counts, total: sum(counts) })
    const traffic = [
      lane('Requests', 'requests', series.requests),
      lane('Refused', 'refused', series.refused),
      lane('Failed', 'failed', series.failed),
    ].map(drawn)
    const byReason = reasons.map(({ reason, counts, total }) => drawn({ name: reason, look: 'reason', counts, total }))
    this.#lanes = [...traffic, ...byReason]
    this.#draw(traffic, byReason)
    this.#pick(this.#picked)
    this.#fillValues()
  }

  #draw(traffic: readonly DrawnLane[], byReason: readonly DrawnLane[]): void {
    const none = element('tr', {}, element('td', { colspan: 3 }, empty('Nothing was refused in the last hour.')))
    // The scrubber is moved with its row, and would lose its focus.
    const isScrubbing = this.#isScrubbing()
    this.#table.replaceChildren(
      element('caption', { class: 'unseen' }, 'Requests and refusals of the last 60 minutes'),
      element(
        'thead',
        {},
        element('tr', {}, element('th', { scope: 'col' }, 'What'), element('th', { scope: 'col' }, 'By minute'), this.#head),
      ),
      element('tbody', {}, ...traffic.map(rowOf)),
      element('tbody', {}, axisRow(this.#since, this.#scrubber)),
      element(
        'tbody',
        { class: 'reasons' },
        element('tr', {}, element('th', { scope: 'rowgroup', colspan: 3 }, 'Refusals and failures by reason')),
        ...(byReason.length === 0 ? [none] : byReason.map(rowOf)),
      ),
    )
    if (isScrubbing) this.#scrubber.focus({ preventScroll: true })
  }

  #isScrubbing(): boolean {
    return document.activeElement === this.#scrubber
  }

  #point(event: PointerEvent): void {
    const plot = event.target instanceof Element ? event.target.closest('.plot') : null
    if (plot === null) return
    const { left, width } = plot.getBoundingClientRect()
    const at = Math.min(minutes - 1, Math.max(0, Math.floor(((event.clientX - left) / width) * minutes)))
    this.#scrubber.valueAsNumber = at
    this.#pick(at)
  }

  #pick(at: number | undefined): void {
    this.#picked = at
    this.#head.textContent = at === undefined ? 'Total' : minuteOf(this.#since + at * minute)
    for (const { cursor, value, counts, total } of this.#lanes) {
      cursor.setAttribute('x', String(at ?? -1))
      value.textContent = count(at === undefined ? total : (counts[at] ?? 0))
    }
    this.#scrubber.setAttribute('aria-valuetext', this.#told(at ?? this.#scrubber.valueAsNumber))
  }

  /** `14:03: 120 requests, 4 refused, 0 failed, 3 rate-limit login` */
  #told(at: number): string {
    const told = this.#lanes.filter(({ look, counts }) => look !== 'reason' || (counts[at] ?? 0) > 0)
    return `${minuteOf(this.#since + at * minute)}: ${told.map(({ name, counts }) => `${count(counts[at] ?? 0)} ${visible(name)}`).join(', ')}`
  }

  #fillValues(): void {
    const [summary] = this.#values.children
    if (summary === undefined || !this.#values.open) return
    const heads = ['Minute', ...this.#lanes.map(({ name }) => name)]
    const rows = Array.from({ length: minutes }, (_, index) => minutes - 1 - index).map((at) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, minuteOf(this.#since + at * minute)),
        ...this.#lanes.map(({ counts }) => element('td', { class: 'number' }, count(counts[at] ?? 0))),
      ),
    )
    const table = element(
      'table',
      {},
      element('caption', { class: 'unseen' }, 'Requests and refusals by minute, the newest first'),
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          ...heads.map((name, index) => element('th', { scope: 'col', class: index === 0 ? undefined : 'number' }, foreign(name))),
        ),
      ),
      element('tbody', {}, ...rows),
    )
    const region = element('div', { class: 'scroll tall', role: 'region', 'aria-label': 'All values', tabindex: 0 }, table)
    this.#values.replaceChildren(summary, region)
  }
}

function rowOf({ name, look, cursor, counts, value }: DrawnLane): HTMLTableRowElement {
  const most = Math.max(1, ...counts)
  const bars = counts.flatMap((number, index) => {
    // One among thousands is still to be seen.
    const height = number === 0 ? 0 : Math.max(4, (number / most) * 100)
    return number === 0 ? [] : [svgElement('rect', { x: index + 0.1, y: 100 - height, width: 0.8, height })]
  })
  const plot = svgElement(
    'svg',
    { class: `plot ${look}`, viewBox: `0 0 ${minutes} 100`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    cursor,
    ...bars,
  )
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, foreign(name)),
    element('td', { class: 'plot-cell' }, plot),
    element('td', { class: 'number' }, value),
  )
}

function drawn(lane: Lane): DrawnLane {
  const cursor = svgElement('rect', { class: 'cursor', x: -1, y: 0, width: 1, height: 100 })
  return { ...lane, cursor, value: element('span', {}, count(lane.total)) }
}

function axisRow(since: number, scrubber: HTMLInputElement): HTMLTableRowElement {
  const marks = [0, 15, 30, 45].map((at) => element('span', {}, minuteOf(since + at * minute)))
  const scale = element('div', { class: 'scale', 'aria-hidden': 'true' }, ...marks, element('span', {}, 'now'))
  return element('tr', { class: 'axis' }, element('td', {}), element('td', {}, scrubber, scale), element('td', {}))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
