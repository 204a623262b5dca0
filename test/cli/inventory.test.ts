import { expect } from 'chai'
import { explain } from '../../lib/cli/explain.js'
import { inventory } from '../../lib/cli/inventory.js'
import { inventoryChanges } from '../../lib/cli/inventory-diff.js'
import { openapi } from '../../lib/cli/openapi.js'
import { paintFor, plain } from '../../lib/cli/paint.js'
import type { Paint } from '../../lib/cli/paint.js'
import { runProgram } from '../../lib/cli/program.js'
import type { InventoryRow, ProtectionFacts } from '../../lib/index.js'
import { apiModule, moduleDirectory } from './api-module.js'
import { portcullis } from './portcullis.js'
import { surroundings } from './surroundings.js'

const run = (words: readonly string[], paint: Paint = plain) => runProgram([inventory, explain, openapi], words, surroundings({ paint }))
const marked: Paint = (colour, text) => `<${colour}>${text}</${colour}>`

const directory = moduleDirectory()
const file = directory.write(
  'api.mjs',
  apiModule({
    all: "Get('/'), Public(), RateLimit('2 per minute')",
    add: "Post('/'), RequirePermission('things:write'), Audit('thing.add')",
    one: "Get('/:tenant'), Authenticated(), Tenant({ param: 'tenant' })",
  }),
)

after(() => directory.remove())

describe('portcullis inventory', () => {
  it('lists routes and what protects them', async () => {
    const { output, exitCode } = await run(['inventory', file])
    expect(exitCode).to.equal(0)
    expect(output.split('\n').map((line) => line.split(/ {2,}/))).to.deep.equal([
      ['METHOD', 'PATH', 'ACCESS', 'LIMITS', 'TAKES', 'RETURNS', 'FURTHER', 'ROUTE'],
      ['GET', '/things', 'public', '2 per minute by address', 'Things.all'],
      ['POST', '/things', 'permission things:write', 'audit thing.add', 'Things.add'],
      ['GET', '/things/:tenant', 'authenticated', 'tenant param tenant', 'Things.one'],
    ])
  })

  it('does so as JSON and as Markdown', async () => {
    const json = await run(['inventory', file, '--json'])
    expect(JSON.parse(json.output)).to.have.nested.property('[0].protections.access', 'public')
    const { output } = await run(['inventory', file, '--markdown'])
    expect(output.split('\n').slice(0, 3)).to.deep.equal([
      '| Method | Path | Access | Limits | Takes | Returns | Further | Route |',
      '| --- | --- | --- | --- | --- | --- | --- | --- |',
      '| GET | /things | public | 2 per minute by address |  |  |  | Things.all |',
    ])
    const other = await run(['inventory', file, '--markdown', '--json'])
    expect([other.exitCode, other.notes[0]]).to.deep.equal([
      2,
      'portcullis inventory: --json and --markdown are two forms: give one of them',
    ])
  })

  it('shows with a colour what is public', async () => {
    const { output } = await run(['inventory', file], marked)
    expect(output).to.include('<yellow>public').and.not.to.include('<yellow>permission')
  })

  it('ends with 1 where a route lost a protection or became public, and says which', async () => {
    const kept = directory.write('kept.json', (await run(['inventory', file, '--json'])).output)
    const same = await run(['inventory', file, '--diff', kept])
    expect([same.exitCode, same.output, same.notes]).to.deep.equal([0, '', ['Nothing changed.']])
    const weaker = directory.write(
      'weaker.mjs',
      apiModule({ all: "Get('/'), Public()", add: "Post('/'), Public(), Audit('thing.add')", fresh: "Get('/fresh'), Public()" }),
    )
    const { exitCode, output, notes } = await run(['inventory', weaker, '--diff', kept])
    expect(exitCode).to.equal(1)
    expect(notes).to.deep.equal(['2 protections were lost.'])
    expect(output.split('\n').map((line) => line.split(/ {2,}/))).to.deep.equal([
      ['worse', 'GET', '/things', 'Things.all', 'lost limits: 2 per minute by address'],
      ['worse', 'POST', '/things', 'Things.add', 'became public: was permission things:write, is public'],
      ['changed', 'POST', '/things', 'Things.add', 'authentication: was bearer, is nothing'],
      ['new', 'GET', '/things/fresh', 'Things.fresh', 'new: public'],
      ['gone', 'GET', '/things/:tenant', 'Things.one', 'gone'],
    ])
    const coloured = await run(['inventory', weaker, '--diff', kept], marked)
    expect(coloured.output).to.match(/^<red>worse<\/red> +GET/)
    const json = await run(['inventory', weaker, '--diff', kept, '--json'])
    expect([json.exitCode, (JSON.parse(json.output) as unknown[]).length]).to.deep.equal([1, 5])
  })

  it('says what is wrong with the file', async () => {
    for (const [text, said] of [
      ['{', /cannot be read: /],
      ['{"a":1}', /is no inventory: make one with portcullis inventory MODULE --json/],
      ['[1]', /is no inventory/],
    ] as const) {
      const { exitCode, notes } = await run(['inventory', file, '--diff', directory.write('odd.json', text)])
      expect([exitCode, said.test(notes[0] ?? '')], notes[0]).to.deep.equal([1, true])
    }
    const missing = await run(['inventory', file, '--diff', `${file}.gone`])
    expect([missing.exitCode, missing.output]).to.deep.equal([1, ''])
  })
})

describe('what changed between two inventories', () => {
  const rowOf = (protections: ProtectionFacts): readonly InventoryRow[] => [{ method: 'GET', path: '/', name: 'A.a', protections }]
  const verdicts = (before: ProtectionFacts, after: ProtectionFacts) =>
    inventoryChanges(rowOf(before), rowOf(after)).map(({ verdict, what }) => `${verdict} ${what}`)
  const permissions = (...names: readonly string[]): ProtectionFacts => ({ access: { permissions: names } })

  const worse: ReadonlyArray<readonly [claim: string, before: ProtectionFacts, after: ProtectionFacts]> = [
    ['a route that became public', { access: 'authenticated' }, { access: 'public' }],
    ['a permission that is not asked for any more', permissions('a', 'b'), permissions('a')],
    ['a permission of which another is enough now', permissions('a'), permissions('a or b')],
    ['a permission in the place of which a token is enough', permissions('a'), { access: 'authenticated' }],
    ['a role instead of a permission', permissions('a'), { access: { roles: ['a'] } }],
    ['a limit of two', { limits: ['1 per second', '9 per day'] }, { limits: ['1 per second'] }],
    ['limits that are off', { limits: ['1 per second'] }, { limits: [] }],
    ['a body that nobody checks', { validates: { body: 'A', query: 'B' } }, { validates: { query: 'B' } }],
    ['a tenant', { tenant: 'param tenant' }, {}],
    ['a rule about the object', { object: true }, {}],
    ['a rule that is only observed', { object: true }, { object: true, observed: true }],
    ['a view', { returns: 'A' }, {}],
    ['a login of which nothing is asked any more', { login: { maxAge: 1000 } }, {}],
    ['a login that may be older', { login: { maxAge: 1000 } }, { login: { maxAge: 2000 } }],
    ['a login that may be of any age', { login: { acr: ['a'], maxAge: 1000 } }, { login: { acr: ['a'] } }],
    ['a login of which another kind is enough', { login: { acr: ['a'] } }, { login: { acr: ['a', 'b'] } }],
    ['a login of any kind', { login: { acr: ['a'], maxAge: 1000 } }, { login: { maxAge: 1 } }],
    ['a login by one method less', { login: { amr: ['otp', 'pwd'] } }, { login: { amr: ['pwd', 'sms'] } }],
    ['a protection of their own', { headers: ['x-tenant'] }, {}],
  ]
  for (const [claim, before, after] of worse) {
    it(`is worse: ${claim}`, () => {
      expect(verdicts(before, after)[0]).to.match(/^worse /)
    })
  }

  const fine: ReadonlyArray<readonly [verdict: string, claim: string, before: ProtectionFacts, after: ProtectionFacts]> = [
    ['better', 'a public route that is closed', { access: 'public' }, permissions('a')],
    ['better', 'one permission more', permissions('a'), permissions('a', 'b')],
    ['better', 'a permission besides a token', { access: 'authenticated' }, permissions('a')],
    ['better', 'a limit where there was none', {}, { limits: ['1 per second'] }],
    ['better', 'a rule that is enforced', { object: true, observed: true }, { object: true }],
    ['better', 'a login of which something is asked', {}, { login: { acr: ['a'] } }],
    ['better', 'a login that must be newer', { login: { maxAge: 2000 } }, { login: { maxAge: 1000 } }],
    ['better', 'fewer kinds of login', { login: { acr: ['a', 'b'] } }, { login: { acr: ['b'] } }],
    ['better', 'a login by one method more', { login: { amr: ['pwd'] } }, { login: { acr: ['a'], amr: ['otp', 'pwd'] } }],
    ['changed', 'another limit', { limits: ['1 per second'] }, { limits: ['2 per second'] }],
    ['changed', 'another view', { returns: 'A' }, { returns: 'B' }],
    ['changed', 'a larger body', { body: { limit: 1, format: 'json' } }, { body: { limit: 2, format: 'json' } }],
    ['changed', 'another time', { timeout: 1000 }, {}],
  ]
  for (const [verdict, claim, before, after] of fine) {
    it(`is ${verdict}: ${claim}`, () => {
      expect(verdicts(before, after).map((one) => one.split(' ')[0])).to.deep.equal([verdict])
    })
  }
})

describe('portcullis explain', () => {
  it('says who would be refused, and by what', async () => {
    const { output, exitCode } = await run(['explain', file, 'post', '/things', '--role', 'viewer', '--subject', 'alice'])
    expect(exitCode).to.equal(0)
    expect(output.split('\n')[0]).to.equal('POST /things: refused with 403, by Things.add')
    expect(output).to.match(/^refuses +access +access +missing-permission things:write +@RequirePermission on Things\.add$/m)
  })

  it('takes who asks from options and from a file, the options first', async () => {
    const caller = directory.write('caller.json', '{ "roles": ["editor"], "claims": { "tenant": "acme" } }')
    const outcome = async (...words: readonly string[]) =>
      (JSON.parse((await run(['explain', file, ...words, '--json'])).output) as { outcome: string; status?: number }).outcome
    expect(await outcome('POST', '/things')).to.equal('refused')
    expect(await outcome('POST', '/things', '--role', 'editor')).not.to.equal('refused')
    expect(await outcome('POST', '/things', '--permission', 'things:write')).not.to.equal('refused')
    expect(await outcome('POST', '/things', '--permission', 'things:read')).to.equal('refused')
    expect(await outcome('POST', '/things', '--as', caller)).not.to.equal('refused')
    expect(await outcome('POST', '/things', '--as', caller, '--role', 'viewer')).to.equal('refused')
    expect(await outcome('POST', '/things', '--as', caller, '--scope', 'things:read')).to.equal('refused')
    expect(await outcome('GET', '/things/acme', '--as', caller)).not.to.equal('refused')
    expect(await outcome('GET', '/things/other', '--as', caller)).to.equal('refused')
  })

  it('says that no route takes it, and is painted on a terminal', async () => {
    expect((await run(['explain', file, 'GET', '/nothing'])).output).to.equal('GET /nothing: refused with 404, by no route')
    expect((await run(['explain', file, 'GET', '/nothing'], marked)).output).to.include('<red>refused with 404</red>')
  })

  it('says what it does not understand', async () => {
    const odd = directory.write('odd-caller.json', '{ "roles": "editor" }')
    for (const [words, exitCode, said] of [
      [[file, 'GET', 'things'], 2, /PATH "things" does not begin with "\/"/],
      [[file, 'GET'], 2, /PATH is missing/],
      [[file, 'GET', '/things', '--header', 'acme'], 2, /--header "acme" is no header: write 'X-Tenant: acme'/],
      [[file, 'GET', '/things', '--as', odd], 1, /roles is no list of texts/],
      [[file, 'GET', '/things', '--as', directory.write('list.json', '[]')], 1, /holds no caller/],
    ] as const) {
      const ended = await run(['explain', ...words])
      expect([ended.exitCode, ended.output]).to.deep.equal([exitCode, ''])
      expect(ended.notes[0]).to.match(said)
    }
  })
})

describe('portcullis openapi', () => {
  it('prints the document, with the name and version of the package', async () => {
    const { output } = await run(['openapi', file])
    expect(JSON.parse(output)).to.deep.include({ openapi: '3.1.1', info: { title: 'things-api', version: '1.2.3' } })
    const told = await run(['openapi', file, '--title', 'Things', '--version', '2', '--server', 'https://api.example.com'])
    expect(JSON.parse(told.output)).to.deep.include({
      info: { title: 'Things', version: '2' },
      servers: [{ url: 'https://api.example.com' }],
    })
  })
})

describe('what the program prints', () => {
  it('has no colours where it is not a terminal, and examples in its help', async () => {
    const [list, help] = await Promise.all([portcullis('inventory', file), portcullis('explain', '--help')])
    expect(list.status, list.stderr).to.equal(0)
    expect(list.stdout).to.include('public').and.not.to.include('\u001b')
    expect(help.stdout).to.match(/^Examples:\n {2}portcullis explain dist\/api\.js GET/m)
  })

  it('has colours on a terminal, unless somebody wants none', () => {
    expect(paintFor({ isTTY: true }, {})('red', 'no')).to.equal('\u001b[31mno\u001b[0m')
    expect(paintFor({ isTTY: true }, { NO_COLOR: '' })('red', 'no')).to.include('\u001b')
    for (const [stream, environment] of [
      [{}, {}],
      [{ isTTY: false }, {}],
      [{ isTTY: true }, { NO_COLOR: '1' }],
      [{ isTTY: true }, { TERM: 'dumb' }],
    ] as const) {
      expect(paintFor(stream, environment)('red', 'no')).to.equal('no')
    }
  })
})
