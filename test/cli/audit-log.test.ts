import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { auditTail } from '../../lib/cli/audit-tail.js'
import type { Surroundings } from '../../lib/cli/command.js'
import { auditVerify } from '../../lib/cli/audit-verify.js'
import { runProgram } from '../../lib/cli/program.js'
import type { Outcome } from '../../lib/cli/program.js'
import { fileSink } from '../../lib/index.js'
import { portcullis } from './portcullis.js'
import { surroundings } from './surroundings.js'

describe('portcullis audit-log', () => {
  const key = randomBytes(32)
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  let folder: string
  let path: string
  let written: string
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'audit-log-'))
    path = join(folder, 'audit.log')
    written = ''
    const sink = fileSink(path, { chain: { key }, head: { to: join(folder, 'head') } })
    await sink.write([
      record('2026-11-25T10:00:00.000Z', { event: 'authn_login_fail', principal_id: 'ann' }),
      record('2026-11-25T11:00:00.000Z', { action: 'order.delete', principal_id: 'bob', path: '/a\u001b[2J\u202eb' }),
      record('2026-11-25T12:00:00.000Z', { kind: 'access', principal_id: 'ann' }),
    ])
    await sink.close?.()
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  function record(timestamp: string, fields: object): string {
    return JSON.stringify({ timestamp, kind: 'audit', method: 'GET', status: 200, ...fields })
  }

  function file(name: string, content: string | Uint8Array): string {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }

  function run(words: readonly string[], around: Partial<Surroundings> = {}): Promise<Outcome> {
    return runProgram([auditTail, auditVerify], ['audit-log', ...words], {
      ...surroundings({ write: async (text) => void (written += text), ...around }),
    })
  }

  it('verify ends with 0 for a log that is intact, however its key is written down', async () => {
    const forms = [key, key.toString('hex'), `${key.toString('base64')}\n`, key.toString('base64url')]
    for (const form of forms) {
      const outcome = await run(['verify', path, '--key-file', file('key', form), '--head', join(folder, 'head')])
      expect(outcome).to.deep.equal({ output: 'intact: 4 records, 0 to 3', notes: [], exitCode: 0 })
    }
    const fromEnv = await run(['verify', path, '--key-env', 'AUDIT_KEY'], { env: { AUDIT_KEY: key.toString('base64url') } })
    expect(fromEnv).to.include({ exitCode: 0 })
    expect(fromEnv.notes).to.deep.equal(['No head was given: whether records were cut off at the end is not known.'])
  })

  it('verify ends with 1 and names the first record that is wrong', async () => {
    const keyFile = file('key', key)
    const lines = readFileSync(path, 'utf8').split('\n')
    writeFileSync(path, lines.toSpliced(2, 1).join('\n'))
    const progress: string[] = []
    const removed = await run(['verify', path, '--key-file', keyFile], { progress: (text) => void progress.push(text) })
    expect(removed.exitCode).to.equal(1)
    expect(removed.output).to.match(/^BROKEN \(removed\) at .*audit\.log:3: record 2 was removed\.\nThe 2 before it are right\./)
    expect(progress).to.deep.equal(['100 %', ''])
    writeFileSync(path, lines.slice(0, 2).join('\n') + '\n')
    expect(await run(['verify', path, '--key-file', keyFile])).to.include({ exitCode: 0 })
    const cut = await run(['verify', path, '--key-file', keyFile, '--head', join(folder, 'head')])
    expect(cut).to.include({ exitCode: 1 })
    expect(cut.output).to.match(/truncated/)
    const forged = file('forged', readFileSync(join(folder, 'head'), 'utf8').replace('"seq":3', '"seq":1'))
    expect(await run(['verify', path, '--key-file', keyFile, '--head', forged])).to.include({
      exitCode: 1,
      output: 'BROKEN: the head was changed: its proof is not of its key',
    })
  })

  it('verify takes public keys, and says what no signature covers', async () => {
    const signed = join(folder, 'signed.log')
    const sink = fileSink(signed, { chain: { sign: privateKey } })
    await sink.write(['{"a":1}'])
    const pem = file('public.pem', publicKey.export({ type: 'spki', format: 'pem' }))
    const open = await run(['verify', signed, '--public-key', pem])
    expect(open).to.include({ exitCode: 0 })
    expect(open.notes[0]).to.equal('No signature covers the records 1 to 1.')
    await sink.close?.()
    expect((await run(['verify', signed, '--public-key', pem])).notes).to.have.length(1)
  })

  it('ends with 2 where it was called wrongly', async () => {
    const keyFile = file('key', key)
    const wrong: ReadonlyArray<readonly [words: readonly string[], said: RegExp]> = [
      [[], /write "audit-log tail" or "audit-log verify"/],
      [['verify'], /FILE is missing/],
      [['verify', path], /give --key-file/],
      [['verify', path, '--key-file', join(folder, 'none')], /ENOENT/],
      [['verify', join(folder, 'none'), '--key-file', keyFile], /ENOENT/],
      [['verify', path, '--key-file', file('weak', 'password')], /no secret/],
      [['verify', path, '--key-env', 'NONE'], /no secret/],
      [['verify', path, '--public-key', keyFile], /no public Ed25519/],
      [['tail'], /FILE is missing/],
      [['tail', join(folder, 'none')], /ENOENT/],
      [['tail', path, '--lines', '0'], /no number/],
      [['tail', path, '--since', 'yesterday'], /no time/],
    ]
    for (const [words, said] of wrong) {
      const { exitCode, notes } = await run(words)
      expect([exitCode, notes.join('\n')], words.join(' ')).to.satisfy(([code, text]: [number, string]) => code === 2 && said.test(text))
    }
    expect((await run(['--help'])).output).to.match(/audit-log verify/)
  })

  it('is a program, whose commands have two words', async () => {
    const { status, stdout } = await portcullis('audit-log', 'verify', path, '--key-file', file('key', key))
    expect([status, stdout]).to.deep.equal([0, 'intact: 4 records, 0 to 3\n'])
    const tail = await portcullis('audit-log', 'tail', path, '--lines', '1')
    expect(tail.stdout).to.equal(readFileSync(path, 'utf8').split('\n').at(-2) + '\n')
  })

  it('tail shows the newest records that are asked for, as they are', async () => {
    const shown = async (...words: readonly string[]) => {
      written = ''
      await run(['tail', path, ...words])
      return written
        .split('\n')
        .slice(0, -1)
        .map((line) => (JSON.parse(line) as { seq: number }).seq)
    }
    expect(await shown()).to.deep.equal([0, 1, 2, 3])
    expect(await shown('--lines', '2')).to.deep.equal([2, 3])
    expect(await shown('--event', 'order.delete', '--event', 'authn_login_fail')).to.deep.equal([1, 2])
    expect(await shown('--principal', 'ann', '--lines', '1')).to.deep.equal([3])
    expect(await shown('--principal', 'ann', '--since', '2026-11-25T11:30:00Z')).to.deep.equal([3])
  })

  it('tail shows people what a record says, and lets none of it command the terminal', async () => {
    await run(['tail', path, '--event', 'order.delete'], { isTerminal: true })
    expect(written).to.equal('2026-11-25T11:00:00.000Z  200  GET     /a\\u{1b}[2J\\u{202e}b  order.delete  by bob\n')
  })

  it('tail follows what is written, into a new file too', async () => {
    const end = new AbortController()
    const running = run(['tail', path, '--follow', '--lines', '1'], { signal: end.signal })
    const said = async (text: string) => {
      while (!written.includes(text)) await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await said('"seq":3')
    appendFileSync(path, '{"a":"half')
    appendFileSync(path, ' and half"}\n')
    await said('half and half')
    rmSync(path)
    writeFileSync(path, '{"a":"new"}\n')
    await said('"new"')
    end.abort()
    expect(await running).to.include({ exitCode: 0 })
    expect(written.trimEnd().split('\n')).to.have.length(3)
  })
})
