// Charts as SVG text: for light pages and dark ones, and for those who hear them read.
import { cellText } from './suite.js'

/** Numbers side by side: short bars are good. */
export interface BarChart {
  readonly kind: 'bars'
  readonly title: string
  readonly unit: string
  readonly bars: ReadonlyArray<{
    readonly label: string
    readonly value: number
    /** Ours. */
    readonly isOwn: boolean
    /** What stands above this bar and those after it. */
    readonly heading?: string
  }>
}

/** How numbers grow from the smallest size to the largest: flat lines are good. */
export interface LineChart {
  readonly kind: 'lines'
  readonly title: string
  readonly unit: string
  readonly lines: ReadonlyArray<{ readonly label: string; readonly values: readonly number[] }>
}

const width = 790
const labelWidth = 300
const rowHeight = 22
const headingHeight = 30
const top = 48

const style = `<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px }
.heading { font-weight: 600 }
.quiet { fill: #59636e }
.bar { fill: #8c959f }
.own { fill: #0969da }
.axis { stroke: #8c959f; stroke-width: 1 }
.line { fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .quiet { fill: #9198a1 }
  .bar { fill: #6e7681 }
  .own { fill: #4493f8 }
}
</style>`

/** The chart as a document of its own. */
export function svgOf(chart: BarChart | LineChart): string {
  const { body, height } = chart.kind === 'bars' ? barsOf(chart) : linesOf(chart)
  const heading = `${chart.title}, ${chart.unit}`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">
<title id="title">${escaped(heading)}</title>
<desc id="description">${escaped(spoken(chart))}</desc>
${style}
<text class="title" x="8" y="24">${escaped(chart.title)}<tspan class="quiet" dx="8" font-weight="400">${escaped(chart.unit)}</tspan></text>
${body}
</svg>
`
}

function spoken(chart: BarChart | LineChart): string {
  if (chart.kind === 'bars') return chart.bars.map(({ label, value }) => `${label}: ${cellText(value)}`).join('; ')
  return chart.lines.map(({ label, values }) => `${label}: ${values.map(cellText).join(', ')}`).join('; ')
}

function barsOf({ bars }: BarChart): { readonly body: string; readonly height: number } {
  const longest = Math.max(...bars.map(({ value }) => value))
  const room = width - labelWidth - 70
  const parts: string[] = []
  let y = top
  for (const { label, value, isOwn, heading } of bars) {
    if (heading !== undefined) {
      parts.push(`<text class="heading" x="8" y="${y + 16}">${escaped(heading)}</text>`)
      y += headingHeight
    }
    const length = Math.max(1, (value / longest) * room)
    parts.push(
      `<text x="${labelWidth - 8}" y="${y + 14}" text-anchor="end">${escaped(label)}</text>`,
      `<rect class="${isOwn ? 'own' : 'bar'}" x="${labelWidth}" y="${y + 2}" width="${length.toFixed(1)}" height="${rowHeight - 6}" rx="2"/>`,
      `<text class="quiet" x="${(labelWidth + length + 6).toFixed(1)}" y="${y + 14}">${cellText(value)}</text>`,
    )
    y += rowHeight
  }
  return { body: parts.join('\n'), height: y + 10 }
}

/** Told apart in both lights, and by those who see no red or no green. */
const colours = ['#0a84d6', '#d9730d', '#0f9d76', '#b95dc9', '#a3860a']

function linesOf({ lines }: LineChart): { readonly body: string; readonly height: number } {
  const height = 300
  const [left, right, bottom] = [48, width - 280, height - 40]
  const highest = Math.max(1.5, ...lines.flatMap(({ values }) => values)) * 1.05
  const yOf = (value: number) => bottom - (value / highest) * (bottom - top)
  const parts = [`<path class="axis" d="M${left} ${top}V${bottom}H${right}" fill="none"/>`]
  for (const tick of ticksTo(highest)) {
    parts.push(`<text class="quiet" x="${left - 6}" y="${(yOf(tick) + 4).toFixed(1)}" text-anchor="end">${tick}</text>`)
  }
  lines.forEach(({ label, values }, index) => {
    const colour = colours[index % colours.length] ?? ''
    const xOf = (place: number) => left + (place / Math.max(1, values.length - 1)) * (right - left)
    const points = values.map((value, place) => `${xOf(place).toFixed(1)},${yOf(value).toFixed(1)}`).join(' ')
    const y = top + 10 + index * rowHeight
    parts.push(
      `<polyline class="line" stroke="${colour}" points="${points}"/>`,
      `<rect x="${right + 16}" y="${y - 9}" width="12" height="12" rx="2" fill="${colour}"/>`,
      `<text x="${right + 34}" y="${y + 2}">${escaped(label)}</text>`,
    )
  })
  parts.push(
    `<text class="quiet" x="${left}" y="${bottom + 20}">smallest size</text>`,
    `<text class="quiet" x="${right}" y="${bottom + 20}" text-anchor="end">largest size</text>`,
  )
  return { body: parts.join('\n'), height }
}

function ticksTo(highest: number): readonly number[] {
  const step = [0.5, 1, 2, 5, 10, 20, 50, 100, 500].find((one) => highest / one <= 6) ?? 1000
  return Array.from({ length: Math.floor(highest / step) + 1 }, (_, index) => index * step)
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
