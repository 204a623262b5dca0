import { expect } from 'chai'
import { svgOf } from '../../benchmarks/chart.js'
import { markdownTable, textTable } from '../../benchmarks/suite.js'

describe('a chart of the benchmarks', () => {
  const bars = svgOf({
    kind: 'bars',
    title: 'A & B',
    unit: 'µs',
    bars: [
      { label: 'ours', value: 10, isOwn: true, heading: '<host>' },
      { label: 'theirs', value: 40, isOwn: false },
    ],
  })

  it('tells its numbers to those who hear it read', () => {
    expect(bars)
      .to.contain('role="img"')
      .and.to.contain('<title id="title">A &amp; B, µs</title>')
      .and.to.contain('ours: 10.0; theirs: 40.0')
  })

  it('draws bars as long as their numbers are large, and escapes what it is given', () => {
    const [own, other] = [...bars.matchAll(/<rect class="(?:own|bar)"[^>]* width="([\d.]+)"/g)].map(([, width]) => Number(width))
    expect(other).to.equal((own ?? 0) * 4)
    expect(bars).to.contain('&lt;host>')
  })

  it('changes its colours with the light', () => {
    expect(bars).to.contain('prefers-color-scheme: dark')
  })

  it('draws lines from the smallest size to the largest', () => {
    const lines = svgOf({ kind: 'lines', title: 'A', unit: '×', lines: [{ label: 'routes', values: [1, 1, 1.1] }] })
    expect(/points="([^"]+)"/.exec(lines)?.[1]?.split(' ')).to.have.length(3)
  })
})

describe('a table of the benchmarks', () => {
  const table = {
    title: 'A',
    columns: ['name', 'µs'],
    rows: [
      ['ours', 1234.5],
      ['theirs', undefined],
    ],
  }

  it('is aligned for a terminal', () => {
    expect(textTable(table)).to.equal('A\n\nname       µs\n──────  ─────\nours    1,230\ntheirs      –')
  })

  it('is a table of Markdown too', () => {
    expect(markdownTable(table)).to.equal('| name | µs |\n| --- | ---: |\n| ours | 1,230 |\n| theirs | – |')
  })
})
