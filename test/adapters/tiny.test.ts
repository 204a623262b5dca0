import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { adapterConformance } from '../../lib/testing.js'
import type { Case, StartAdapterServer } from '../../lib/testing.js'
import type { Api } from '../../lib/index.js'
import { listen } from './hosts.js'
import { portcullis } from './tiny-adapter.js'
import { tiny } from './tiny-framework.js'
import type { TinyAnswer, TinyEvent, TinyHandler } from './tiny-framework.js'

const root = new URL('../../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

const echo: TinyHandler = async ({ body }) => ({ status: 418, headers: [], body, isLast: false })

/** The framework with an adapter, or with one that has been broken. */
function starting(breaks: (handler: TinyHandler) => TinyHandler = (handler) => handler): StartAdapterServer {
  return (api: Api, options) => listen(tiny(breaks(portcullis(api, options)), echo))
}

describe('behind a framework of your own, with the adapter of docs/adapters.md, an API', () => {
  for (const { name, run } of adapterConformance(starting())) it(name, run)
})

const changed =
  (change: (event: TinyEvent) => Partial<TinyEvent>) =>
  (handler: TinyHandler): TinyHandler =>
  (event) =>
    handler({ ...event, ...change(event) })

const answering =
  (change: (answer: TinyAnswer) => Partial<TinyAnswer>) =>
  (handler: TinyHandler): TinyHandler =>
  (event) =>
    handler(event)?.then((answer) => ({ ...answer, ...change(answer) }))

/** What an adapter may do wrong, how, and the case that tells. */
const broken: ReadonlyArray<readonly [what: string, breaks: (handler: TinyHandler) => TinyHandler, told: string]> = [
  ['decodes the target', changed(({ target }) => ({ target: decoded(target) })), 'answers requests for its routes'],
  ['resolves dot segments', changed(({ target }) => ({ target: resolved(target) })), 'refuses targets'],
  ['joins slashes', changed(({ target }) => ({ target: target.replaceAll(/\/+/g, '/') })), 'answers requests for its routes'],
  ['lower-cases the path', changed(({ target }) => ({ target: target.toLowerCase() })), 'answers requests for its routes'],
  ['drops the query', changed(({ target }) => ({ target: target.split('?')[0] ?? '' })), 'answers requests for its routes'],
  ['hides headers that were sent twice', changed(() => ({ rawHeaders: [] })), 'refuses headers of which there may be one'],
  [
    'believes a header for the address',
    changed(({ headers, peer }) => ({ peer: { ...peer, address: String(headers['x-real-ip']) } })),
    'from no header',
  ],
  [
    'believes a header for the protocol',
    changed(({ headers, peer }) => ({ peer: { ...peer, isEncrypted: headers['x-forwarded-proto'] === 'https' } })),
    'from no header',
  ],
  [
    'believes a header for the method',
    changed(({ headers, method }) => ({ method: String(headers['x-http-method-override'] ?? method) })),
    'answers with every kind of answer',
  ],
  [
    'never tells that the client has left',
    changed(() => ({ left: new AbortController().signal })),
    'tells a handler that its client has left',
  ],
  ['always says that the client has left', changed(() => ({ left: AbortSignal.abort() })), 'does not tell a handler'],
  ['adds a header', answering(({ headers }) => ({ headers: [...headers, ['X-Powered-By', 'tiny']] })), 'answers with every kind of answer'],
  [
    'loses the first of two headers',
    answering(({ headers }) => ({ headers: [...new Map(headers.map((pair) => [pair[0], pair])).values()] })),
    'answers with every kind of answer',
  ],
  [
    'answers 200 for every success',
    answering(({ status }) => ({ status: status < 300 ? 200 : status })),
    'answers with every kind of answer',
  ],
  [
    'keeps a connection that must end',
    answering(({ headers }) => ({ isLast: false, headers: headers.filter(([name]) => name !== 'Connection') })),
    'refuses a coding before chunks',
  ],
]

describe('the adapter of docs/adapters.md', () => {
  it('is the one that is tried here, in less than 60 lines', () => {
    const adapter = read('test/adapters/tiny-adapter.ts')
    expect(read('docs/adapters.md')).to.contain(`\`\`\`ts\n${adapter}\`\`\``)
    expect(adapter.split('\n')).to.have.length.below(60)
  })
})

describe('the cases for adapters fail an adapter that', () => {
  for (const [what, breaks, told] of broken) {
    it(what, async () => {
      const telling = adapterConformance(starting(breaks)).filter(({ name }) => name.includes(told))
      expect(telling).to.have.length(1)
      expect(await outcomeOf(telling[0]!)).to.equal('failed')
    })
  }

  const withFallthrough = (fallthrough: boolean) => adapterConformance((api) => listen(tiny(portcullis(api, { fallthrough }), echo)))

  it('leaves nothing to the host', async () => {
    const telling = withFallthrough(false).filter(({ name }) => name.startsWith('leaves'))
    expect(await Promise.all(telling.map(outcomeOf))).to.include('failed')
  })

  it('leaves to the host what it should answer', async () => {
    const [routes] = withFallthrough(true)
    expect(await outcomeOf(routes!)).to.equal('failed')
  })
})

function outcomeOf({ run }: Case): Promise<'passed' | 'failed'> {
  return run().then(
    () => 'passed' as const,
    () => 'failed' as const,
  )
}

function decoded(target: string): string {
  try {
    return decodeURI(target)
  } catch {
    return target
  }
}

function resolved(target: string): string {
  if (!target.startsWith('/') || target.startsWith('//')) return target
  const { pathname, search } = new URL(target, 'http://api.test')
  return `${pathname}${search}`
}
