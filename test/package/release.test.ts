import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { advisoriesIn, outdatedIn, signaturesIn } from '../../packaging/findings.js'
import { releaseMistakes } from '../../packaging/release-mistakes.js'
import type { ReleaseState } from '../../packaging/release-mistakes.js'
import { withShippedTree } from '../../packaging/shipped-tree.js'
import { repository } from '../../packaging/tarball.js'
import { manifest } from './project.js'

const ready: ReleaseState = {
  status: '',
  tags: ['v1.1.0', ''],
  manifest: { version: '1.2.0' },
  lock: { version: '1.2.0' },
  changelog: '# Changelog\n\n## [1.2.0] - 2026-11-25\n\n### Added\n\n## [1.1.0] - 2026-10-01\n',
}

describe('a release', () => {
  it('is made when tree, versions, tags and changelog are in step', () => {
    expect(releaseMistakes(ready)).to.deep.equal([])
  })

  it('is not made otherwise, and all that speaks against it is said', () => {
    expect(releaseMistakes({ ...ready, status: ' M lib/api.ts\n' })).to.match(/not committed/)
    expect(releaseMistakes({ ...ready, lock: { version: '1.1.0' } })).to.match(/package-lock/)
    expect(releaseMistakes({ ...ready, tags: ['v1.2.0'] })).to.match(/released already/)
    expect(releaseMistakes({ ...ready, changelog: ready.changelog.replace('2026-11-25', 'unreleased') })).to.match(/no day/)
    const all = releaseMistakes({ ...ready, status: '?? a', lock: { version: '1' }, tags: ['v1.2.0'], changelog: '# Changelog\n' })
    expect(all).to.have.length(5)
  })

  it('knows that the first one has no day yet', () => {
    const changelog = readFileSync(join(repository, 'CHANGELOG.md'), 'utf8')
    const state = { ...ready, manifest: { version: manifest.version }, lock: { version: manifest.version }, changelog }
    expect(releaseMistakes(state)).to.match(/no day|^$/)
  })
})

describe('what the registry says', () => {
  it('is found, clean, or not answered, which is neither', () => {
    const refused = { failed: true, output: '{"message":"405 Method Not Allowed","method":"POST"}' }
    const vulnerable = '{"metadata":{"vulnerabilities":{"high":1}},"vulnerabilities":{"left-pad":{"severity":"high"}}}'
    expect(advisoriesIn(refused)).to.deep.equal({ state: 'unanswered', text: 'the registry gave no advisories: 405 Method Not Allowed' })
    expect(advisoriesIn({ failed: true, output: vulnerable })).to.deep.equal({ state: 'found', text: 'left-pad (high)' })
    expect(advisoriesIn({ failed: false, output: '{"metadata":{"vulnerabilities":{}},"vulnerabilities":{}}' }).state).to.equal('clean')
    expect(signaturesIn({ failed: true, output: 'npm error network' }).state).to.equal('unanswered')
    expect(signaturesIn({ failed: true, output: '{"invalid":[{}],"missing":[]}' }).state).to.equal('found')
    expect(signaturesIn({ failed: false, output: '{"invalid":[],"missing":[]}' }).state).to.equal('clean')
  })

  it('counts as outdated unless there is a reason to hold it back', () => {
    const outdated =
      '{"oxlint":{"current":"1","latest":"2"},"express4:express@^4":{"current":"4","latest":"5"},"jose":{"current":"6","latest":"7"}}'
    expect(outdatedIn({ failed: true, output: outdated })).to.deep.equal({ state: 'found', text: 'jose 6 → 7' })
    expect(outdatedIn({ failed: false, output: '{}' }).state).to.equal('clean')
    expect(outdatedIn({ failed: true, output: '{"error":{"code":"ENOTFOUND"}}' }).state).to.equal('unanswered')
  })
})

describe('the tree that is shipped', () => {
  it('has every dependency, at the version that the tests run with, and no tool of development', async () => {
    const names = await withShippedTree(async (folder) => {
      const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as { packages: Record<string, object> }
      return Object.keys(packages).map((path) => path.replace(/^node_modules\//, ''))
    })
    expect(names).to.include.members(Object.keys(manifest.dependencies))
    expect(names).not.to.include.members(['mocha'])
    expect(names).to.have.length.below(80)
  })
}).timeout(60_000)
