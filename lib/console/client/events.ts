import type { ShownEvent } from '../shape.js'
import { byId, count, counted, element, empty, foreign, sign, spoken, table, visible } from './elements.js'
import { secondOf, timeAgo } from './times.js'

/** Rows on the page; older ones go. */
const most = 200

const levels: Readonly<Record<string, readonly [string, string, string]>> = {
  CRITICAL: ['critical', '▲', 'Critical'],
  WARN: ['warning', '◆', 'Warning'],
  INFO: ['info', '○', 'Info'],
}

interface Row {
  readonly text: string
  readonly element: HTMLTableRowElement
}

/** The newest security events, as they come. */
export class Events {
  readonly #root = byId('events-table', HTMLElement)
  readonly #status = byId('events-status', HTMLElement)
  readonly #filter = byId('events-filter', HTMLInputElement)
  readonly #pause = byId('events-pause', HTMLButtonElement)
  readonly #rows: Row[] = []
  readonly #held: ShownEvent[] = []
  #dropped = 0
  #body: HTMLTableSectionElement | undefined

  constructor() {
    this.#filter.addEventListener('input', () => this.#applyFilter())
    this.#pause.addEventListener('click', () => this.#togglePause())
    this.#root.addEventListener('keydown', (event) => this.#walk(event))
    this.#root.addEventListener('focusin', ({ target }) => this.#keepStop(target))
    this.#root.append(empty('Nothing has happened yet.'))
    this.#tell()
  }

  add(events: readonly ShownEvent[]): void {
    if (this.#isPaused()) {
      this.#held.push(...events)
      this.#held.splice(0, this.#held.length - most)
    } else this.#show(events)
    this.#tell()
  }

  drop(number: number): void {
    this.#dropped += number
    this.#tell()
  }

  #isPaused(): boolean {
    return this.#pause.getAttribute('aria-pressed') === 'true'
  }

  #togglePause(): void {
    const isPaused = !this.#isPaused()
    this.#pause.setAttribute('aria-pressed', String(isPaused))
    if (!isPaused) this.#show(this.#held.splice(0))
    this.#tell()
  }

  #show(events: readonly ShownEvent[]): void {
    if (events.length === 0) return
    const fresh = events.toReversed().map(rowOf)
    this.#tableBody().prepend(...fresh.map((row) => row.element))
    this.#rows.unshift(...fresh)
    for (const { element } of this.#rows.splice(most)) element.remove()
    this.#applyFilter()
  }

  #tableBody(): HTMLTableSectionElement {
    if (this.#body !== undefined) return this.#body
    const made = table('Security events, the newest first', ['Time', 'Level', 'Event', 'Request', 'Caller', 'Reason'], [], [])
    this.#root.replaceChildren(made)
    return (this.#body = made.tBodies[0] ?? made.createTBody())
  }

  #applyFilter(): void {
    const wanted = this.#filter.value.trim().toLowerCase()
    for (const { text, element } of this.#rows) element.hidden = !text.includes(wanted)
    this.#keepStop(null)
    this.#tell()
  }

  /** The arrows go from event to event: a stop of the Tab key for each would be a hundred stops. */
  #walk(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    const stops = this.#stops()
    const at = stops.findIndex((stop) => stop === event.target)
    if (step === undefined || at < 0) return
    event.preventDefault()
    stops[at + step]?.focus()
  }

  /** One event at a time can be reached with the Tab key: the one that had the focus last, or else the newest. */
  #keepStop(wanted: EventTarget | null): void {
    const stops = this.#stops()
    const known = stops.find((stop) => stop === wanted) ?? stops.find(({ tabIndex }) => tabIndex === 0) ?? stops[0]
    for (const stop of stops) stop.tabIndex = stop === known ? 0 : -1
  }

  #stops(): readonly HTMLElement[] {
    return this.#rows.flatMap(({ element }) => (element.hidden ? [] : [...element.querySelectorAll('summary')]))
  }

  #tell(): void {
    const shown = this.#rows.filter(({ element }) => !element.hidden).length
    const filtered = shown === this.#rows.length ? '' : `${count(shown)} of `
    const parts = [`${filtered}${counted(this.#rows.length, 'event')}`]
    if (this.#isPaused()) parts.push(`paused, ${count(this.#held.length)} waiting`)
    if (this.#dropped > 0) parts.push(`${count(this.#dropped)} more came too fast to be shown`)
    const text = parts.join(' · ')
    if (this.#status.textContent !== text) this.#status.textContent = text
  }
}

function rowOf(event: ShownEvent): Row {
  const at = Date.parse(String(event.timestamp))
  const [look, mark, word] = levels[String(event.level)] ?? ['info', '○', 'Event']
  const row = element(
    'tr',
    { class: `event ${look}` },
    element('td', { class: 'when' }, ...(Number.isNaN(at) ? [] : [element('span', {}, secondOf(at)), ' ', timeAgo(at)])),
    element('td', { class: `level ${look}` }, sign(mark), ' ', word),
    element('td', {}, element('code', {}, text(event.event)), ...under(event.action)),
    element('td', { class: 'request' }, ...requestOf(event)),
    element('td', { class: 'caller' }, ...callerOf(event)),
    element('td', { class: 'reason' }, text(event.reason), ...detailOf(event)),
  )
  return { text: visible(Object.values(event).join(' ')).toLowerCase(), element: row }
}

function requestOf({ method, path, status }: ShownEvent): readonly Node[] {
  if (path === undefined) return [element('span', { class: 'hint' }, 'no request')]
  return [element('code', {}, text(method), ' ', text(path)), spoken(', answered '), element('span', { class: 'under' }, text(status))]
}

function callerOf({ principal_id: id, principal_kind: kind, address }: ShownEvent): readonly Node[] {
  if (id === undefined && address === undefined) return []
  const who = id === undefined || id === '' ? element('span', { class: 'hint' }, kind === undefined ? '' : 'anonymous') : text(id)
  return [who, ...under(address)]
}

function detailOf({ user_agent: agent, request_id: request, detail }: ShownEvent): readonly Node[] {
  const facts = [
    ['Request id', request],
    ['User agent', agent],
    ['Detail', detail],
  ] as const
  const known = facts.filter(([, value]) => value !== undefined)
  if (known.length === 0) return []
  const list = known.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, text(value))])
  return [element('details', {}, element('summary', { tabindex: -1 }, 'more'), element('dl', {}, ...list))]
}

function under(value: string | number | undefined): readonly Node[] {
  return value === undefined ? [] : [element('span', { class: 'under' }, text(value))]
}

function text(value: string | number | undefined): HTMLElement {
  return foreign(value === undefined ? '' : String(value))
}
