import type { ConsoleState, ProtectionState, RouteState } from '../shape.js'
import { byId, count, counted, element, empty, foreign, sign, spoken, table } from './elements.js'

interface Row {
  readonly route: RouteState
  readonly text: string
  readonly gaps: readonly string[]
}

/** The routes with what protects each, and what is missing. */
export class Routes {
  readonly #root = byId('routes-table', HTMLElement)
  readonly #status = byId('routes-status', HTMLElement)
  readonly #kinds = byId('routes-kinds', HTMLElement)
  readonly #filter = byId('routes-filter', HTMLInputElement)
  readonly #onlyGaps = byId('routes-gaps', HTMLInputElement)
  readonly #withOwn = byId('routes-own', HTMLInputElement)
  #rows: readonly Row[] = []
  #kind: string | undefined
  #drawn = ''

  constructor() {
    for (const input of [this.#filter, this.#onlyGaps, this.#withOwn]) input.addEventListener('input', () => this.#draw())
  }

  update({ routes }: ConsoleState): void {
    // What did not change keeps its place, and whoever reads it keeps theirs.
    const drawn = JSON.stringify(routes)
    if (drawn === this.#drawn) return
    this.#drawn = drawn
    this.#rows = routes.map((route) => ({
      route,
      text: textOf(route),
      gaps: route.protections.flatMap(({ gap }) => (gap === '' ? [] : [gap])),
    }))
    this.#draw()
  }

  #draw(): void {
    const wanted = this.#filter.value.trim().toLowerCase()
    const candidates = this.#rows.filter(({ route }) => this.#withOwn.checked || !route.isOwn)
    const shown = candidates.filter(
      ({ text, gaps }) =>
        text.includes(wanted) && (!this.#onlyGaps.checked || gaps.length > 0) && (this.#kind === undefined || gaps.includes(this.#kind)),
    )
    this.#drawKinds(candidates)
    const open = candidates.filter(({ gaps }) => gaps.length > 0).length
    const told = `${counted(shown.length, 'route')}${shown.length === candidates.length ? '' : ` of ${count(candidates.length)}`}, ${count(open)} with gaps`
    if (this.#status.textContent !== told) this.#status.textContent = told
    this.#root.replaceChildren(shown.length === 0 ? empty('No route is like that.') : tableOf(shown))
  }

  /** A button for each kind of gap, which shows the routes that have it. */
  #drawKinds(rows: readonly Row[]): void {
    const counts = new Map<string, number>()
    for (const gap of rows.flatMap(({ gaps }) => gaps)) counts.set(gap, (counts.get(gap) ?? 0) + 1)
    if (this.#kind !== undefined && !counts.has(this.#kind)) this.#kind = undefined
    const focused = document.activeElement instanceof HTMLButtonElement ? document.activeElement.dataset['gap'] : undefined
    const ranked = [...counts].toSorted(([, one], [, other]) => other - one)
    const buttons = ranked.map(([gap, number]) => {
      const button = element(
        'button',
        { type: 'button', class: 'kind', 'aria-pressed': String(gap === this.#kind), 'data-gap': gap },
        sign('▲'),
        ` ${gap} `,
        element('span', { class: 'number' }, count(number)),
      )
      button.addEventListener('click', () => {
        this.#kind = this.#kind === gap ? undefined : gap
        this.#draw()
      })
      return button
    })
    this.#kinds.replaceChildren(...buttons)
    buttons.find(({ dataset }) => dataset['gap'] === focused)?.focus({ preventScroll: true })
  }
}

function tableOf(rows: readonly Row[]): HTMLTableElement {
  const names = rows[0]?.route.protections.map(({ name }) => name) ?? []
  const heads = ['Route', ...names, 'Requests', 'Refused', 'Failed']
  const first = names.length + 1
  return table(
    'Routes and what protects them',
    heads,
    [first, first + 1, first + 2],
    rows.map(({ route }) => rowOf(route)),
  )
}

function rowOf({ method, path, handler, isOwn, protections, requests, refused, failed }: RouteState): HTMLTableRowElement {
  return element(
    'tr',
    { class: isOwn ? 'own' : undefined },
    element(
      'th',
      { scope: 'row' },
      element('code', {}, `${method} `, foreign(path)),
      element('span', { class: 'under' }, foreign(handler)),
    ),
    ...protections.map(cellOf),
    ...[requests, refused, failed].map((number) =>
      element(
        'td',
        { class: 'number' },
        isOwn ? element('span', { class: 'hint' }, 'not counted') : number === 0 ? element('span', { class: 'hint' }, '0') : count(number),
      ),
    ),
  )
}

function cellOf({ text, gap }: ProtectionState): HTMLTableCellElement {
  if (gap !== '') {
    const held = text === '' ? [] : [element('span', { class: 'under' }, foreign(text))]
    return element('td', { class: 'gap' }, sign('▲'), spoken('Gap: '), ` ${gap}`, ...held)
  }
  if (text === '') return element('td', { class: 'nothing' }, sign('–'), spoken('nothing'))
  return element('td', {}, foreign(text))
}

function textOf({ method, path, handler, protections }: RouteState): string {
  return [method, path, handler, ...protections.flatMap(({ text, gap }) => [text, gap])].join(' ').toLowerCase()
}
