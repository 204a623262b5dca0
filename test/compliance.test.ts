import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const root = fileURLToPath(new URL('../../', import.meta.url))
const page = readFileSync(join(root, 'docs/compliance.md'), 'utf8')

/** The rows of the table under a heading, its head left out. */
function rowsUnder(heading: string): readonly (readonly string[])[] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ', 1)[0] ?? ''
  return [...section.matchAll(/^\| (.+) \|$/gm)].slice(1).map(([, row = '']) => row.split(' | '))
}

const asvs = rowsUnder('ASVS 5.0.0')
const topTen = rowsUnder('API Security Top 10, 2023')
const notCarried = rowsUnder('Not carried')

describe('docs/compliance.md', () => {
  it('names for each row a test that exists', () => {
    for (const row of [...asvs, ...topTen]) {
      const [, file = '', title = ''] = /^`(test\/[\w/.-]+\.test\.ts)`: (.+)$/.exec(row.at(-1) ?? '') ?? []
      expect(existsSync(join(root, file)) && file !== '', `${row[0]}: ${row.at(-1)}`).to.equal(true)
      const quoted = [`'${title}'`, `"${title}"`, `\`${title}\``]
      const source = readFileSync(join(root, file), 'utf8')
      expect(
        quoted.some((one) => source.includes(`it(${one}`)),
        `${row[0]}: ${file} has no test "${title}"`,
      ).to.equal(true)
    }
  })

  it('has no empty cell, and no row twice', () => {
    for (const row of [...asvs, ...topTen, ...notCarried]) {
      for (const cell of row) expect(cell.trim(), row.join(' | ')).not.to.equal('')
    }
    const ids = [...asvs, ...notCarried].map(([id]) => id)
    expect(ids).to.deep.equal([...new Set(ids)])
    for (const row of asvs) expect(row).to.have.lengthOf(5)
    for (const row of topTen) expect(row).to.have.lengthOf(4)
  })

  it('speaks of all ten risks, and says what is not carried', () => {
    expect(topTen.map(([id]) => id)).to.deep.equal(Array.from({ length: 10 }, (_, index) => `API${index + 1}`))
    expect(asvs).to.have.length.above(100)
    expect(notCarried).to.have.length.above(5)
  })
})
