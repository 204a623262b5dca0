import { expect } from 'chai'
import { Project, entries, inTurn, manifest } from './project.js'

const optionalPeers = Object.keys(manifest.peerDependencies)

/** Makes what wants Swagger UI; prints what it became, or why it cannot be made. */
const showing = `
  import { openApi } from 'portcullis/openapi'
  const info = { title: 'Things', version: '1' }
  openApi({ info, public: true })
  try {
    console.log(openApi({ info, public: true, page: '/docs' }).name)
  } catch ({ name, message }) {
    console.log(name, message)
  }
`

/** The entries that are there for users of one peer, and load it. */
const needed: Readonly<Record<string, string>> = {
  'portcullis/opentelemetry': '@opentelemetry/api',
  'portcullis/prometheus': 'prom-client',
}

/** Imports one entry; prints the names that it exports, or why it cannot be loaded. */
const importing = `
  import(process.argv[2]).then((names) => console.log(Object.keys(names).join(' ')), ({ code, message }) => console.log(code, message))
`

/** Prints what of the process is another after an entry was imported. */
const watching = `
  // Whatever prints opens these; that is no change.
  void [process.stdout, process.stderr]
  const before = look()
  import(process.argv[2]).then(() => {
    const after = look()
    console.log(JSON.stringify(Object.keys(before).flatMap((name) => after[name].filter((one) => !before[name].includes(one)).map((one) => name + ' ' + one))))
  })

  function look() {
    const owners = { globalThis, Symbol, Reflect, Object, Function, Array, String, Promise, Error, process }
    const members = Object.entries(owners).map(([name, owner]) => [name, Reflect.ownKeys(owner).map(String)])
    const prototypes = [Object, Function, Array, String, Promise, Error, RegExp, Map].map((owner) => [owner.name + '.prototype', Reflect.ownKeys(owner.prototype).map(String)])
    return {
      ...Object.fromEntries([...members, ...prototypes]),
      listeners: process.eventNames().map((name) => String(name) + process.listenerCount(name)),
      environment: Object.entries(process.env).map((pair) => pair.join('=')),
      resources: process.getActiveResourcesInfo(),
      working: [process.cwd(), String(process.umask()), process.title, String(Error.stackTraceLimit), String(Error.prepareStackTrace)],
    }
  }
`

describe('the entries of the packed package', () => {
  let bare: Project
  let full: Project

  before(async () => {
    const files = { 'import.mjs': importing, 'watch.mjs': watching, 'show.mjs': showing }
    bare = await Project.make({ files })
    full = await Project.make({ files, packages: optionalPeers })
  })

  it('load without any optional peer, but for those that say which one they need', async () => {
    expect(entries).to.include.members(['portcullis', 'portcullis/express', ...Object.keys(needed)])
    const outputs = await Promise.all(entries.map((entry) => inTurn(() => bare.node('import.mjs', entry))))
    for (const [index, entry] of entries.entries()) {
      const peer = needed[entry]
      if (peer === undefined) expect(outputs[index], entry).to.match(/^\w+( \w+)*\n$/)
      else
        expect(outputs[index], entry).to.match(new RegExp(`^ERR_MODULE_NOT_FOUND Cannot find package '${peer}' imported from .*portcullis`))
    }
  })

  it('say which package the page of the OpenAPI document needs, where one is wanted', async () => {
    expect(await bare.node('show.mjs')).to.equal(
      'TypeError openApi({ page }) needs a package that is not installed: npm install swagger-ui-dist@5\n',
    )
    expect(await full.node('show.mjs')).to.equal('OpenApiPageController\n')
  })

  it('load by require()', async () => {
    const requiring = `for (const entry of ${JSON.stringify(entries)}) console.log(entry, Object.keys(require(entry)).length > 0)`
    full.write('require.cjs', requiring)
    const output = await full.node('--no-warnings', 'require.cjs')
    expect(output).to.equal(entries.map((entry) => `${entry} true\n`).join(''))
  })

  it('do nothing when they are imported but fill in what metadata needs', async () => {
    const outputs = await Promise.all(entries.map((entry) => inTurn(() => full.node('watch.mjs', entry))))
    for (const [index, entry] of entries.entries()) {
      const changes = (JSON.parse(outputs[index] ?? '') as string[]).filter((change) => !filledIn.test(change))
      expect(changes, entry).to.deep.equal([])
    }
  })
}).timeout(120_000)

/** reflect-metadata's functions; Symbol.metadata, which Node 20 lacks; tslib's helpers, which the build of tsyringe brings along. */
const filledIn = /^Reflect (?:\w*Metadata(?:Keys)?|metadata|decorate|Symbol\(.*\))$|^Symbol metadata$|^globalThis __[a-z]\w+$/i
