import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { svgOf } from '../../benchmarks/chart.js'
import type { Run } from '../../benchmarks/results.js'
import { writeReadme } from '../../benchmarks/results.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const results = join(root, 'benchmarks/results')
const textOf = (path: string) => readFileSync(path, 'utf8')

describe("the benchmarks' results", () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-results-'))
  after(() => rmSync(folder, { recursive: true }))

  it('are the ones that the README shows', () => {
    const copy = join(folder, 'README.md')
    copyFileSync(join(root, 'README.md'), copy)
    writeReadme(copy)
    expect(textOf(join(root, 'README.md')), 'npm run bench -- --readme writes both').to.equal(textOf(copy))
  })

  it('are drawn in the charts beside them', () => {
    const runs = readdirSync(results)
      .filter((name) => name.endsWith('.json'))
      .map((name) => JSON.parse(textOf(join(results, name))) as Run)
    expect(runs.map(({ name }) => name)).to.have.members(['overhead', 'parts', 'peers', 'scale'])
    for (const [name, chart] of runs.flatMap(({ charts }) => Object.entries(charts))) {
      expect(textOf(join(results, `${name}.svg`)), name).to.equal(svgOf(chart))
    }
  })
})
