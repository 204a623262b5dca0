import type { ChainState, ConsoleState, StoreState } from '../shape.js'
import { byId, count, counted, element, empty, foreign, sign, svgElement, table } from './elements.js'
import { timeAgo } from './times.js'

type Verdict = 'good' | 'bad' | 'plain'

const signs: Readonly<Record<Verdict, string>> = { good: '✓', bad: '▲', plain: '○' }

/** The few numbers at the top, the limits that refuse, the stores and the chain. */
export class Panels {
  readonly #figures = byId('figures', HTMLElement)
  readonly #limits = byId('limits-table', HTMLElement)
  readonly #health = byId('health-table', HTMLElement)

  update(state: ConsoleState): void {
    this.#figures.replaceChildren(...figuresOf(state))
    this.#limits.replaceChildren(limitsTable(state))
    this.#health.replaceChildren(healthTable(state))
  }
}

function figuresOf({ series, routes, stores, chain, startedAt }: ConsoleState): readonly HTMLElement[] {
  const [requests, refused, failed] = [total(series.requests), total(series.refused), total(series.failed)]
  const own = routes.filter(({ isOwn }) => !isOwn)
  const open = own.filter(({ protections }) => protections.some(({ gap }) => gap !== '')).length
  const lost = stores.filter(({ state }) => state === 'lost').length
  const health = lost > 0 ? `${counted(lost, 'store')} lost` : chain.state === 'broken' ? 'audit chain broken' : 'all answer'
  return [
    figure('Requests', count(requests), 'in 60 minutes', 'plain'),
    figure('Refused', count(refused), share(refused, requests), 'plain'),
    figure('Failed', count(failed), share(failed, requests), failed > 0 ? 'bad' : 'good'),
    figure('Routes with gaps', count(open), `of ${count(own.length)}`, open > 0 ? 'bad' : 'good'),
    figure('Stores', health, '', lost > 0 || chain.state === 'broken' ? 'bad' : 'good'),
    element('div', { class: 'figure' }, element('dt', {}, 'Started'), element('dd', {}, element('strong', {}, timeAgo(startedAt)))),
  ]
}

function figure(name: string, value: string, more: string, verdict: Verdict): HTMLElement {
  const mark = verdict === 'plain' ? [] : [sign(signs[verdict]), ' ']
  return element(
    'div',
    { class: `figure ${verdict}` },
    element('dt', {}, name),
    element('dd', {}, ...mark, element('strong', {}, value), ' ', element('span', { class: 'hint' }, more)),
  )
}

function limitsTable({ limits }: ConsoleState): HTMLElement {
  if (limits.length === 0) return empty('No limit refused anybody in the last hour.')
  const most = Math.max(...limits.map(({ refused }) => refused))
  const rows = limits.slice(0, 8).map(({ route, limit, rule, refused, last }) => {
    const bar = svgElement(
      'svg',
      { class: 'bar', viewBox: '0 0 100 1', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      svgElement('rect', { x: 0, y: 0, width: (refused / most) * 100, height: 1 }),
    )
    return element(
      'tr',
      {},
      element(
        'th',
        { scope: 'row' },
        element('code', {}, foreign(route)),
        element('span', { class: 'under' }, foreign(rule === '' ? limit : `${limit}: ${rule}`)),
        bar,
      ),
      element('td', { class: 'number' }, count(refused)),
      element('td', { class: 'number' }, timeAgo(last)),
    )
  })
  return table('Limits that refused most', ['Route and limit', 'Refused', 'Last'], [1, 2], rows)
}

function healthTable({ stores, chain }: ConsoleState): HTMLElement {
  return table('Stores and audit chain', ['What', 'State', 'Since'], [2], [...stores.map(storeRow), chainRow(chain)])
}

function storeRow({ purpose, name, state, since }: StoreState): HTMLTableRowElement {
  const words = { local: 'in this process', answers: 'answers', lost: 'lost' } as const
  const verdicts = { local: 'plain', answers: 'good', lost: 'bad' } as const
  return healthRow({ what: purpose, by: name, verdict: verdicts[state], words: words[state], since, never: 'the start' })
}

function chainRow({ state, detail, records, checkedAt }: ChainState): HTMLTableRowElement {
  const words = { absent: 'not set up', sound: 'sound', broken: 'broken', unknown: 'not known' } as const
  const verdicts = { absent: 'plain', sound: 'good', broken: 'bad', unknown: 'bad' } as const
  const more = [records === 0 ? '' : counted(records, 'record'), detail].filter((one) => one !== '').join(', ')
  return healthRow({ what: 'Audit chain', by: more, verdict: verdicts[state], words: words[state], since: checkedAt, never: '' })
}

interface HealthRow {
  readonly what: string
  readonly by: string
  readonly verdict: Verdict
  readonly words: string
  /** 0 where nothing has changed. */
  readonly since: number
  /** What is said where nothing has. */
  readonly never: string
}

function healthRow({ what, by, verdict, words, since, never }: HealthRow): HTMLTableRowElement {
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, what, element('span', { class: 'under' }, foreign(by))),
    element('td', { class: `state ${verdict}` }, sign(signs[verdict]), ' ', words),
    element('td', { class: 'number' }, since === 0 ? hint(never) : timeAgo(since)),
  )
}

function hint(text: string): HTMLElement {
  return element('span', { class: 'hint' }, text)
}

function share(part: number, whole: number): string {
  if (whole === 0) return ''
  const percent = (part / whole) * 100
  return percent > 0 && percent < 0.1 ? '< 0.1 %' : `${percent.toFixed(1)} %`
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}
