import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

const sources = ['lib', 'adapters'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(join(folder, name)).replaceAll(/\/\*\*[^]*?\*\//g, '')),
)

/** The anchors of a page's headings, as GitHub writes them. */
function anchorsOf(file: string): readonly string[] {
  return [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

describe('the documentation', () => {
  it('has a heading for each code that an answer can bear', () => {
    const thrown = /(?:super|new ApiError)\(\s*(?:[\w.]+ \?\? )?(?:\d{3}|status),\s*'([a-z-]+)'|endWith\(socket, \d{3}, '([a-z-]+)'/g
    const codes = sources.flatMap((source) => [...source.matchAll(thrown)].map(([, one, other]) => one ?? other ?? ''))
    const headings = [...read('docs/errors.md').matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)
    expect(codes).to.include.members(['not-found', 'headers-too-large', 'https-redirect', 'oauth-error', 'oauth-page'])
    expect(headings).to.have.members([...new Set(codes)])
  })

  it('tells of every decorator, in the README and in docs/decorators.md', () => {
    const functions = sources.flatMap((source) => source.split(/^export function /m).slice(1))
    const signatures = functions.map((text) => text.slice(0, text.search(/ \{$/m)))
    const decorators = signatures
      .filter((signature) => /\): \w*Decorator\b[^]*$/.test(signature))
      .map((signature) => /^[A-Z]\w*/.exec(signature)?.[0] ?? '')
    expect(decorators).to.include.members([
      'Controller',
      'Get',
      'Public',
      'Authorize',
      'Validate',
      'Nested',
      'RateLimit',
      'Audit',
      'Timeout',
    ])
    for (const name of decorators.filter((one) => one !== '')) {
      for (const page of ['docs/decorators.md', 'README.md']) expect(read(page), `${name} in ${page}`).to.contain(`@${name}`)
    }
  })

  it('links to pages and headings that exist', () => {
    const pages = [
      'README.md',
      'SECURITY.md',
      ...readdirSync(join(root, 'docs'))
        .filter((name) => name.endsWith('.md'))
        .map((name) => `docs/${name}`),
    ]
    for (const page of pages) {
      for (const [, target = ''] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https?:/.test(target)) continue
        const [path = '', heading] = target.split('#')
        const file = path === '' ? page : join(dirname(page), path)
        expect(existsSync(join(root, file)), `${page}: ${target}`).to.equal(true)
        if (heading !== undefined) expect(anchorsOf(file), `${page}: ${target}`).to.include(heading)
      }
    }
  })

  it('has every page in the table of the README', () => {
    for (const name of readdirSync(join(root, 'docs')).filter((one) => one.endsWith('.md'))) {
      expect(read('README.md'), name).to.contain(`](docs/${name})`)
    }
  })
})
