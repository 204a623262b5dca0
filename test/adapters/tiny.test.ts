import { expect } from 'chai'
import { adapterConformance } from '../../lib/testing.js'
import type { AdapterAbilities, StartAdapterServer } from '../../lib/testing.js'
import type { Api } from '../../lib/index.js'
import { listen } from './hosts.js'
import { portcullis } from './tiny-adapter.js'
import { tiny } from './tiny-framework.js'
import type { TinyAnswer, TinyEvent, TinyHandler } from './tiny-framework.js'

const echo: TinyHandler = async ({ body }) => ({ status: 418, headers: [], body, isLast: false })

/** The framework with an adapter, or with one that has been broken. */
function starting(break_: (handler: TinyHandler) => TinyHandler = (handler) => handler): StartAdapterServer {
  return (api: Api, options) => listen(tiny(break_(portcullis(api, options)), echo))
}

describe('behind a framework of your own, with the adapter of docs/adapters.md, an API', () => {
  for (const { name, run } of adapterConformance(starting())) it(name, run)
})

const changed = (change: (event: TinyEvent) => Partial<TinyEvent>) => (handler: TinyHandler): TinyHandler =>
  (event) => handler({ ...event, ...change(event) })

const answering = (change: (answer: TinyAnswer) => Partial<TinyAnswer>) => (handler: TinyHandler): TinyHandler =>
  (event) => handler(event)?.then((answer) => ({ ...answer, ...change(answer) }))

const broken: ReadonlyArray<readonly [what: string, break_: (handler: TinyHandler) => TinyHandler]> = [
  ['decodes the target', changed(({ target }) => ({ target: decoded(target) }))],
  ['resolves dot segments', changed(({ target }) => ({ target: target.startsWith('/') ? resolved(target) : target }))],
  ['joins slashes', changed(({ target }) => ({ target: target.replaceAll(/\/+/g, '/') }))],
  ['lower-cases the path', changed(({ target }) => ({ target: target.toLowerCase() }))],
  ['drops the query', changed(({ target }) => ({ target: target.split('?')[0] ?? '' }))],
  ['hides headers that were sent twice', changed(() => ({ rawHeaders: [] }))],
  ['believes a header for the address', changed(({ headers, peer }) => ({ peer: { ...peer, address: String(headers['x-forwarded-for'] ?? peer.address) } }))],
  ['believes a header for the protocol', changed(({ headers, peer }) => ({ peer: { ...peer, isEncrypted: headers['x-forwarded-proto'] === 'https' } }))],
  ['believes a header for the method', changed(({ headers, method }) => ({ method: String(headers['x-http-method-override'] ?? method) }))],
  ['never tells that the client has left', changed(() => ({ left: new AbortController().signal }))],
  ['adds a header', answering(({ headers }) => ({ headers: [...headers, ['X-Powered-By', 'tiny'] as const] }))],
  ['loses the second of two headers', answering(({ headers }) => ({ headers: [...new Map(headers.map((pair) => [pair[0].toLowerCase(), pair])).values()] }))],
  ['answers 200 for every success', answering(({ status }) => ({ status: status < 300 ? 200 : status }))],
  ['ignores that a connection must end', (handler) => (event) =>
    handler(event)?.then((answer) => ({ ...answer, isLast: false, headers: answer.headers.filter(([name]) => name !== 'Connection') }))],
]

describe('the cases for adapters fail an adapter that', () => {
  for (const [what, break_] of broken) {
    it(what, async () => {
      const failures: string[] = []
      for (const { name, run } of adapterConformance(starting(break_))) {
        await run().catch(() => failures.push(name))
        if (failures.length > 0) return
      }
      expect(failures).to.have.length.above(0)
    })
  }

  it('leaves everything to the host, or nothing', async () => {
    const abilities: AdapterAbilities = {}
    for (const fallthrough of [true, false]) {
      const start: StartAdapterServer = (api) => listen(tiny(portcullis(api, { fallthrough }), echo))
      const outcomes = await Promise.all(adapterConformance(start, abilities).slice(0, 15).map(({ run }) => run().then(() => 'passed', () => 'failed')))
      expect(outcomes).to.include('failed')
    }
  })
})

function decoded(target: string): string {
  try {
    return decodeURI(target)
  } catch {
    return target
  }
}

function resolved(target: string): string {
  const { pathname, search } = new URL(target, 'http://api.test')
  return `${pathname}${search}`
}
