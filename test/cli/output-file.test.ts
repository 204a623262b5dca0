import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { CommandError } from '../../lib/cli/command.js'
import { delivered } from '../../lib/cli/output-file.js'
import { called } from './called.js'
import { portcullis } from './portcullis.js'

describe('what a command writes with --out', () => {
  let directory = ''
  const at = (name: string) => join(directory, name)

  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'portcullis-out-'))))
  afterEach(() => rmSync(directory, { recursive: true }))

  it('is for its owner alone where it is secret, and is not printed', async () => {
    const { output, said, exitCode } = await called(['keys', 'generate', '--out', at('keys.json')])
    expect([output, exitCode]).to.deep.equal(['', 0])
    expect(said).to.include(`Written to ${at('keys.json')}.`)
    expect(statSync(at('keys.json')).mode & 0o777).to.equal(0o600)
    expect(readFileSync(at('keys.json'), 'utf8')).to.match(/^\{\n[^]*\}\n$/)
    await called(['keys', 'publish', at('keys.json'), '--out', at('jwks.json')])
    expect(statSync(at('jwks.json')).mode & 0o777).to.equal(0o644 & ~process.umask())
  })

  it('replaces a file only where it is told to', () => {
    writeFileSync(at('keys.json'), 'before')
    expect(() => delivered('after', { out: [at('keys.json')] }, true, [])).to.throw(CommandError, 'is there already')
    expect(readFileSync(at('keys.json'), 'utf8')).to.equal('before')
    delivered('after', { out: [at('keys.json')], force: [''] }, true, [])
    expect(readFileSync(at('keys.json'), 'utf8')).to.equal('after\n')
    expect(statSync(at('keys.json')).mode & 0o777).to.equal(0o600)
  })

  it('leaves nothing else behind, whether or not it could be written', () => {
    delivered('one', { out: [at('keys.json')] }, true, [])
    expect(() => delivered('two', { out: [at('keys.json')] }, true, [])).to.throw(CommandError)
    expect(() => delivered('two', { out: [at('missing/keys.json')] }, true, [])).to.throw(CommandError, 'cannot be written')
    expect(readdirSync(directory)).to.deep.equal(['keys.json'])
  })

  it('goes where a link leads, and the link stays', () => {
    writeFileSync(at('real.json'), 'before')
    symlinkSync(at('real.json'), at('keys.json'))
    delivered('after', { out: [at('keys.json')], force: [''] }, true, [])
    expect(readFileSync(at('real.json'), 'utf8')).to.equal('after\n')
    expect(readdirSync(directory).toSorted()).to.deep.equal(['keys.json', 'real.json'])
  })

  it('goes into no directory and no device, forced or not', () => {
    mkdirSync(at('keys'))
    for (const file of [at('keys'), '/dev/null']) {
      expect(() => delivered('key', { out: [file], force: [''] }, true, []), file).to.throw(CommandError, 'is no file')
    }
  })

  it('is one whole key where several programs write at once, and the others are refused', async () => {
    const calls = await Promise.all(Array.from({ length: 4 }, () => portcullis('keys', 'generate', '--out', at('keys.json'))))
    expect(calls.map(({ status }) => status)).to.have.members([0, 1, 1, 1])
    expect(JSON.parse(readFileSync(at('keys.json'), 'utf8'))).to.have.property('keys')
    expect(readdirSync(directory)).to.deep.equal(['keys.json'])
  })
})
