import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { audit } from '../../lib/cli/audit/audit.js'
import { runProgram } from '../../lib/cli/program.js'
import { withBaseline } from '../../lib/cli/audit/baseline.js'
import { dependencyFindings } from '../../lib/cli/audit/dependencies.js'
import type { Ask } from '../../lib/cli/audit/dependencies.js'
import { toFinding } from '../../lib/cli/audit/finding.js'
import type { Noticed } from '../../lib/cli/audit/finding.js'
import { apiFindings, bootFindings } from '../../lib/cli/audit/findings.js'
import { lockFindings } from '../../lib/cli/audit/lock-file.js'
import { patternFindings } from '../../lib/cli/audit/patterns.js'
import type { Checker } from '../../lib/cli/audit/patterns.js'
import { report } from '../../lib/cli/audit/report.js'
import { rules } from '../../lib/cli/audit/rules.js'
import type { RuleId } from '../../lib/cli/audit/rules.js'
import { toSarif } from '../../lib/cli/audit/sarif.js'
import { openOrders } from '../../examples/orders/app.js'
import { authorizationServer } from '../../lib/oauth.js'
import {
  Authenticated,
  BootError,
  Controller,
  createApi,
  createContainer,
  createLogger,
  Get,
  Post,
  Public,
  RateLimit,
  tokens,
} from '../../lib/index.js'
import type { Api, ApiOptions } from '../../lib/index.js'
import { testApi } from '../../lib/testing.js'
import { generateKeyPairSync } from 'node:crypto'
import { carelessApi, sins } from './careless/api.js'
import { otherSins, otherwiseCarelessApi } from './careless/otherwise.js'
import { portcullis } from './portcullis.js'
import { complaintsOf } from './sarif-schema.js'
import type { SarifLog } from './sarif-schema.js'
import { paintFor, plain } from '../../lib/cli/paint.js'
import { surroundings } from './surroundings.js'

const line = (noticed: Noticed) => {
  const { severity, rule, place } = toFinding(noticed)
  return `${severity} ${rule} ${place}`
}
const linesOf = async (api: Api) => (await apiFindings(api)).map(line)
const silent = createLogger({ silent: true })

@Controller('/things', { inject: [] })
class Things {
  @Get('/')
  @Authenticated()
  @RateLimit('10 per second', { by: 'principal' })
  all() {
    return []
  }
}

@Controller('/open', { inject: [] })
class Open {
  @Get('/')
  @Public()
  @RateLimit('10 per second')
  all() {
    return []
  }
}

/** What is found because of these options, besides what is found anyway. */
async function foundBy(options: Partial<ApiOptions>): Promise<readonly string[]> {
  const make = (more: Partial<ApiOptions>) => testApi({ controllers: [Things], ...more }).api
  const usual = await linesOf(make({}))
  return (await linesOf(make(options))).filter((one) => !usual.includes(one))
}

describe('portcullis audit', () => {
  it('finds each sin of a careless API once, and nothing that is none', async () => {
    expect(await linesOf(carelessApi())).to.have.members(sins)
  })

  it('finds the same sins where they are written otherwise', async () => {
    expect(await linesOf(otherwiseCarelessApi())).to.have.members(otherSins)
  })

  it('finds nothing in an API without sins', async () => {
    const container = createContainer()
    container.register(tokens.rateLimitStore, { useValue: { consume: () => [] } as never })
    container.register(tokens.revocations, { useValue: { isRevoked: () => false } as never })
    expect(await linesOf(testApi({ controllers: [Things], container }).api)).to.deep.equal([])
  })

  it('finds what options leave open', async () => {
    const cases: ReadonlyArray<readonly [options: Partial<ApiOptions>, found: readonly string[]]> = [
      [{ rateLimit: { off: true } }, ['high limits-off rateLimit.off']],
      [{ https: 'redirect', httpsHost: 'api.example.com' }, ['low https-redirected https']],
      [{ https: 'terminated' }, ['info https-assumed https']],
      [{ cors: { origins: ['*'] } }, ['medium cors-wide cors.origins']],
      [{ cors: { origins: ['*'] }, controllers: [Open] }, ['info cors-wide cors.origins']],
      [{ cors: { origins: ['https://shop.example.com'] } }, []],
      [{ trustProxy: 1 }, ['info proxies-wide trustProxy']],
      [{ trustProxy: ['fc00::/7'] }, ['low proxies-wide trustProxy']],
      [{ trustProxy: ['10.0.0.1/8'] }, ['low proxies-wide trustProxy']],
      [{ trustProxy: ['100.64.0.0/10'] }, ['low proxies-wide trustProxy']],
      [{ trustProxy: ['::ffff:10.0.0.0/104'] }, ['low proxies-wide trustProxy']],
      [{ trustProxy: ['fd00::/8'] }, ['low proxies-wide trustProxy']],
      [{ trustProxy: ['10.20.0.0/16', 'fd12:3456:789a::/48', '172.20.0.0/16'] }, []],
      [{ trustProxy: ['::ffff:128.0.0.0/97'] }, ['high proxies-wide trustProxy']],
      [{ headers: { 'content-security-policy': "default-src 'none'; STYLE-SRC 'UNSAFE-INLINE'" } }, ['medium policy-unsafe headers']],
      [{ headers: { 'Content-Security-Policy': "default-src 'none'; script-src https:" } }, ['medium policy-unsafe headers']],
      [{ headers: { 'Content-Security-Policy': "script-src 'self' https://cdn.example.com; img-src * data:" } }, []],
      [{ trustProxy: ['2000::/3'] }, ['high proxies-wide trustProxy']],
      [{ trustProxy: ['10.1.2.0/24', '2001:db8::/32', '::1'] }, []],
      [{ headers: { 'Strict-Transport-Security': 'max-age=31536000', 'X-Download-Options': false } }, []],
      [{ audit: { redact: { patterns: [/(x+x+)+y/] } } }, ['high pattern-slow audit.redact.patterns[0]']],
    ]
    for (const [options, found] of cases) expect(await foundBy(options), JSON.stringify(options)).to.deep.equal(found)
  })

  it('finds a default that is the only limit, and long-lived tokens of an authorization server', async () => {
    @Controller('/plain', { inject: [] })
    class Plain {
      @Get('/')
      @Authenticated()
      all() {
        return []
      }
    }
    expect(await linesOf(testApi({ controllers: [Plain], rateLimit: { default: '10 per minute' } }).api)).to.include(
      'info limit-general Plain.all',
    )
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const server = (accessToken: number) =>
      authorizationServer({
        ...{ issuer: 'https://auth.example.com', keys: [{ kid: 'one', algorithm: 'ES256', privateKey }], lifetimes: { accessToken } },
        ...{ clients: [], resources: { 'https://api.example.com': { read: 'Read' } } },
      })
    const found = async (seconds: number) =>
      (await linesOf(testApi({ controllers: [server(seconds)] }).api)).filter((one) => one.includes('token'))
    expect(await found(3_601)).to.include('medium token-long-lived authorizationServer.lifetimes.accessToken')
    expect((await found(3_600)).filter((one) => one.includes('lived'))).to.deep.equal([])
  })

  it('finds nothing in the example that it would not stand for', async () => {
    const app = await openOrders({ url: 'https://orders.example', logger: silent })
    const local = await openOrders({ url: 'http://127.0.0.1:3000', logger: silent })
    const found = (await linesOf(app.api)).filter((one) => !one.startsWith('info '))
    const foundLocally = (await linesOf(local.api)).filter((one) => !one.startsWith('info ') && !found.includes(one))
    await Promise.all([app.close(), local.close()])
    expect(foundLocally, 'only where it is served without TLS').to.deep.equal(['medium https-off https'])
    // Without Redis it keeps everything in memory: that is what its README says of the demonstration.
    expect(found).to.have.members(['low state-in-process tokens.state', 'low limits-in-process tokens.rateLimitStore'])
  })

  it('says where patterns could not be checked, and how bad a slow one is', async () => {
    const options = { controllers: [], audit: { redact: { patterns: [/a/, /b/] } } }
    const found = async (checker: Checker | undefined) => (await patternFindings([], { options }, () => Promise.resolve(checker))).map(line)
    expect(await found(undefined)).to.deep.equal(['info pattern-unchecked package.json'])
    const answers = (type: string): Checker => ({
      checkSync: (source) => (source === 'a' ? { status: 'vulnerable', complexity: { type } } : { status: 'unknown' }),
    })
    const [slow, unknown] = ['pattern-slow audit.redact.patterns[0]', 'info pattern-unchecked audit.redact.patterns[1]']
    expect(await found(answers('exponential'))).to.deep.equal([`high ${slow}`, unknown])
    expect(await found(answers('polynomial'))).to.deep.equal([`medium ${slow}`, unknown])
    const thrower: Checker = {
      checkSync() {
        throw new Error('it does not know this flag')
      },
    }
    expect(await found(thrower)).to.have.length(2)
    expect((await patternFindings([], { options: { controllers: [] } }, () => Promise.resolve(undefined))).map(line)).to.deep.equal([])
  })

  it('reports each mistake of an API that does not start', () => {
    @Controller('/broken', { inject: [] })
    class Broken {
      @Post('/')
      nobody() {}

      @Get('//')
      nowhere() {}
    }
    try {
      createApi({ controllers: [Broken], logger: silent })
      expect.fail('it starts')
    } catch (thrown) {
      expect(thrown).to.be.instanceOf(BootError)
      const places = bootFindings(thrown)?.map(({ place }) => place) ?? []
      expect(places).to.have.length((thrown as BootError).mistakes.length)
      expect(places).to.include.members(['Broken.nobody', 'Broken.nowhere'])
    }
    expect(bootFindings(new Error('the database is away'))).to.equal(undefined)
  })
})

const noAnswer: Ask = () => Promise.resolve(undefined)

describe('the audit of dependencies', () => {
  const manifest = { dependencies: { a: '^1.0.0' }, devDependencies: { b: '^2.0.0' } }
  const good = { version: '1.0.0', resolved: 'https://registry.example/a.tgz', integrity: 'sha512-x' }
  const lock = (packages: object, root: object = manifest) => JSON.stringify({ lockfileVersion: 3, packages: { '': root, ...packages } })
  const found = (text: string | undefined) => lockFindings(manifest, text).map(line)

  it('finds a lock file that is missing, out of step, or proves nothing, and programs that installing runs', () => {
    expect(found(lock({ 'node_modules/a': good }))).to.deep.equal([])
    expect(found(undefined)).to.deep.equal(['medium lock-missing package-lock.json'])
    expect(found('{"lockfileVersion":1,"dependencies":{}}')).to.deep.equal(['medium lock-missing package-lock.json'])
    expect(found('{')).to.deep.equal(['medium lock-missing package-lock.json'])
    const others = [
      { ...manifest, dependencies: { a: '^1.1.0' } },
      { dependencies: { a: '^1.0.0' } },
      { ...manifest, peerDependencies: { c: '1' } },
    ]
    for (const root of others) expect(found(lock({}, root))).to.deep.equal(['medium lock-out-of-step package-lock.json'])
    expect(found(lock({ 'node_modules/a': { version: '1.0.0' } }))).to.deep.equal(['medium lock-unproved package-lock.json'])
    expect(found(lock({ 'node_modules/a': { ...good, resolved: 'http://registry.example/a.tgz' } }))).to.deep.equal([
      'medium lock-unproved package-lock.json',
    ])
    expect(found(lock({ 'node_modules/a': { resolved: 'packages/a', link: true }, 'packages/a': {} }))).to.deep.equal([])
    const scripts = {
      'node_modules/a': { ...good, hasInstallScript: true },
      'node_modules/a/node_modules/@x/b': { ...good, hasInstallScript: true, dev: true },
    }
    expect(found(lock(scripts))).to.deep.equal(['low dependency-script a', 'info dependency-script @x/b'])
  })

  it('says what the registry knows, and where it could not be asked', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'portcullis-audit-'))
    try {
      writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest))
      writeFileSync(join(directory, 'package-lock.json'), lock({ 'node_modules/a': good }))
      const asked = async (answers: Readonly<Record<string, string>>) =>
        (await dependencyFindings(join(directory, 'api.js'), ([word = '']) => Promise.resolve(answers[word]))).map(line)
      const vulnerabilities = {
        a: { severity: 'critical', via: [{ title: 'Prototype pollution' }], fixAvailable: true },
        b: { severity: 'moderate', via: ['a'], fixAvailable: false },
      }
      expect(
        await asked({ audit: JSON.stringify({ vulnerabilities }), outdated: JSON.stringify({ a: { wanted: '1.1.0' } }) }),
      ).to.deep.equal(['high dependency-vulnerable a', 'medium dependency-vulnerable b', 'info dependency-outdated package.json'])
      expect(await asked({ audit: JSON.stringify({ vulnerabilities: {} }), outdated: '' })).to.deep.equal([])
      const unasked = ['info dependency-unasked npm audit', 'info dependency-unasked npm outdated']
      expect(await asked({})).to.deep.equal(unasked)
      expect(await asked({ audit: '{"message":"405","error":{}}', outdated: '{"error":{"code":"E405"}}' })).to.deep.equal(unasked)
      expect(await asked({ audit: 'not JSON', outdated: 'not JSON' })).to.deep.equal(unasked)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
    expect((await dependencyFindings('/api.js', noAnswer)).map(line)).to.deep.equal(['info dependency-unasked package.json'])
  })
})

describe('a baseline', () => {
  const findings = [
    { rule: 'https-off', place: 'https', problem: 'p', mend: 'm' } as const,
    { rule: 'limit-missing', place: 'Things.all', problem: 'p', mend: 'm' } as const,
  ].map(toFinding)
  const now = new Date('2026-11-25T12:00:00Z')
  const entry = { rule: 'https-off', place: 'https', reason: 'TLS ends in the mesh', until: '2026-11-25' }
  const applied = (...accepted: readonly unknown[]) =>
    withBaseline(findings, JSON.stringify({ accepted }), 'baseline.json', now).map(
      ({ rule, accepted: is }) => `${rule}${is === undefined ? '' : ' accepted'}`,
    )

  it('accepts what it names, with a reason, until its day has ended', () => {
    expect(applied(entry)).to.deep.equal(['https-off accepted', 'limit-missing'])
    expect(applied({ ...entry, until: '2026-11-24' })).to.deep.equal(['https-off', 'limit-missing', 'baseline-wrong'])
    expect(applied({ ...entry, place: 'other' })).to.deep.equal(['https-off', 'limit-missing', 'baseline-unused'])
  })

  it('accepts nothing without a reason or a day', () => {
    const wrong = [
      { reason: ' ' },
      { reason: undefined },
      { until: undefined },
      { until: 'never' },
      { until: '2027-02-30' },
      { until: '2027' },
    ]
    for (const one of [...wrong, { reason: 1 }, { until: 1 }]) {
      expect(applied({ ...entry, ...one }), JSON.stringify(one)).to.deep.equal(['https-off', 'limit-missing', 'baseline-wrong'])
    }
    expect(applied(null)).to.deep.equal(['https-off', 'limit-missing', 'baseline-wrong'])
    expect(() => withBaseline(findings, '[]', 'baseline.json', now)).to.throw(TypeError, 'it is no baseline')
  })
})

describe('what the audit prints', () => {
  const [finding] = [{ rule: 'https-off', place: 'ht\u001B[2Jtps', problem: `a ${'word '.repeat(40)}end`, mend: 'mend it' } as const].map(
    toFinding,
  )
  const accepted = { ...finding!, accepted: { reason: 'a mesh', until: '2027-01-31' } }

  it('is coloured where somebody looks, fits the terminal, and cannot steer it', () => {
    const shown = report([finding!, accepted], { paint: plain, width: 80 })
    expect(shown).not.to.include('\u001B')
    expect(shown)
      .to.include('accepted until 2027-01-31: a mesh')
      .and.to.match(/0 high, 1 medium, 0 low, 0 info, 1 accepted$/)
    for (const one of shown.split('\n')) expect(one.length).to.be.at.most(80)
    const coloured = report([finding!], { paint: paintFor({ isTTY: true }, {}), width: 80 })
    expect(coloured).to.include('\u001B[33mMEDIUM').and.not.to.include('\u001B[2J')
  })

  it('is SARIF 2.1.0, with what was accepted suppressed', () => {
    const { version, runs } = toSarif([finding!, accepted], 'src/my api.ts', '1.2.3') as {
      readonly version: string
      readonly runs: ReadonlyArray<{
        readonly tool: { readonly driver: { readonly name: string; readonly rules: ReadonlyArray<{ readonly id: string }> } }
        readonly results: ReadonlyArray<
          Readonly<Record<string, unknown>> & { readonly ruleId: string; readonly ruleIndex: number; readonly level: string }
        >
      }>
    }
    expect(version).to.equal('2.1.0')
    const [run] = runs
    expect(run!.tool.driver.rules.map(({ id }) => id)).to.deep.equal(Object.keys(rules))
    for (const result of run!.results) {
      expect(run!.tool.driver.rules[result.ruleIndex]?.id).to.equal(result.ruleId)
      expect(result.level).to.equal('warning')
      expect(result).to.have.nested.property('message.text')
      expect(result).to.have.nested.property('locations[0].physicalLocation.artifactLocation.uri', 'src/my%20api.ts')
    }
    expect(run!.results[0]).not.to.have.property('suppressions')
    expect(run!.results[1]).to.have.nested.property('suppressions[0].justification', 'a mesh (until 2027-01-31)')
  })

  it('is what the schema of SARIF 2.1.0 and code scanning ask for', () => {
    const log = toSarif(
      [...Object.keys(rules).map((rule) => toFinding({ rule: rule as RuleId, place: `a ${rule}`, problem: 'p', mend: 'm' })), accepted],
      'src/my api.ts',
      '1.2.3',
    ) as SarifLog
    expect(complaintsOf(log)).to.deep.equal([])
    expect(complaintsOf({ ...log, runs: [{ results: [{ message: 'a text' }] }] })).to.have.length.above(1)
    const [{ tool, results }] = log.runs
    for (const { id, shortDescription, fullDescription, help, properties } of tool.driver.rules) {
      for (const { text } of [shortDescription, fullDescription, help]) expect(text, id).not.to.equal('')
      expect(Number(properties['security-severity']), id).to.be.within(0.1, 10)
      expect(properties.tags).to.include('security').and.to.have.length.below(21)
    }
    const prints = results.map(({ partialFingerprints }) => Object.values(partialFingerprints).join())
    expect(new Set(prints).size).to.equal(results.length)
    for (const { locations } of results) {
      const { artifactLocation, region } = locations[0].physicalLocation
      expect([artifactLocation.uri, region.startLine]).to.deep.equal(['src/my%20api.ts', 1])
    }
  })

  it('names a requirement of the field for each rule', () => {
    for (const { standard, title } of Object.values(rules)) {
      expect(standard).to.match(/^(?:ASVS \d{1,2}\.\d{1,2}\.\d{1,2}|API\d{1,2}:2023)$/)
      expect(title).not.to.equal('')
    }
  })
})

const run = (...words: readonly string[]) => runProgram([audit], words, surroundings())

describe('the command portcullis audit', () => {
  let directory: string
  const careless = JSON.stringify(new URL('./careless/api.js', import.meta.url).href)

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'portcullis-audit-'))
    writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
    writeFileSync(join(directory, 'package-lock.json'), '{"packages":{"":{}}}')
    writeFileSync(join(directory, 'api.mjs'), `import { carelessApi } from ${careless}; export const api = carelessApi()`)
    const library = JSON.stringify(new URL('../../lib/index.js', import.meta.url).href)
    writeFileSync(join(directory, 'broken.mjs'), `import { createApi } from ${library}; export const api = createApi({ controllers: [] })`)
    writeFileSync(
      join(directory, 'later.mjs'),
      `import { createApi } from ${library}; export const api = () => createApi({ controllers: [] })`,
    )
    writeFileSync(join(directory, 'away.mjs'), 'export const api = () => { throw new Error("the database is away") }')
    writeFileSync(join(directory, 'other.mjs'), 'throw new Error("no settings")')
  })

  after(() => rmSync(directory, { recursive: true, force: true }))

  it('prints what it finds, writes SARIF, and ends by severity', async () => {
    const api = join(directory, 'api.mjs')
    const sarif = join(directory, 'audit.sarif')
    const baseline = join(directory, 'baseline.json')
    const high = sins.filter((one) => one.startsWith('high ')).map((one) => one.split(' '))
    writeFileSync(
      baseline,
      JSON.stringify({ accepted: high.map(([, rule, place]) => ({ rule, place, reason: 'a test', until: '9999-12-31' })) }),
    )
    const plain = await portcullis('audit', api, '--offline', '--sarif', sarif)
    const json = await run('audit', api, '--offline', '--json')
    const lenient = await run('audit', api, '--offline', '--baseline', baseline)
    const strict = await run('audit', api, '--offline', '--baseline', baseline, '--fail-on', 'medium')
    expect([plain.status, json.exitCode, lenient.exitCode, strict.exitCode], plain.stderr).to.deep.equal([1, 1, 0, 1])
    expect(plain.stdout)
      .to.match(/^HIGH {4}Careless\.observed {2}only-observed, ASVS 8\.2\.2$/m)
      .and.not.to.include('\u001B')
    const { findings } = JSON.parse(json.output) as { findings: ReadonlyArray<{ severity: string; rule: string; place: string }> }
    const found = findings.map(({ severity, rule, place }) => `${severity} ${rule} ${place}`)
    expect(found)
      .to.include.members([...sins])
      .and.to.have.length(sins.length + 2)
    const written = JSON.parse(readFileSync(sarif, 'utf8')) as { runs: ReadonlyArray<{ results: readonly unknown[] }> }
    expect(written.runs[0]?.results).to.have.length(findings.length)
  })

  it('reports an API that does not start, and says what else is wrong', async () => {
    const audited = (file: string, ...words: readonly string[]) => run('audit', join(directory, file), '--offline', ...words)
    const [broken, later, other, gone, word, away, failed] = await Promise.all([
      audited('broken.mjs', '--json'),
      audited('later.mjs', '--json'),
      audited('other.mjs'),
      audited('gone.mjs'),
      audited('broken.mjs', '--fail-on', 'all'),
      audited('broken.mjs', '--baseline', join(directory, 'none.json')),
      audited('away.mjs'),
    ])
    for (const one of [broken, later]) {
      expect(one.exitCode).to.equal(1)
      expect(JSON.parse(one.output)).to.have.nested.property('findings[0].rule', 'boot-mistake')
    }
    expect([other.exitCode, other.output, gone.exitCode, away.exitCode, word.exitCode]).to.deep.equal([1, '', 1, 1, 2])
    expect(other.notes.join()).to.include('cannot be loaded: Error: no settings')
    expect([failed.exitCode, failed.output]).to.deep.equal([1, ''])
    expect(failed.notes.join()).to.match(/away\.mjs makes no API: Error: the database is away\n +at /)
    expect(away.notes.join()).to.include('cannot be read as a baseline')
    expect(word.notes.join()).to.include('none of high, medium, low')
  })
})
