import { createHash, createHmac, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { Chain, chainSetup } from '../../lib/audit/chain/chain.js'
import type { ChainOptions } from '../../lib/audit/chain/chain.js'
import { readHead } from '../../lib/audit/chain/head.js'
import { publicChainKey, secretChainKey } from '../../lib/audit/chain/keys.js'
import { hashLink, secretLink } from '../../lib/audit/chain/link.js'
import type { CheckingKey } from '../../lib/audit/chain/keys.js'
import { ChainVerifier } from '../../lib/audit/chain/verifier.js'
import type { Verification } from '../../lib/audit/chain/verifier.js'
import { verifyAuditLog } from '../../lib/audit/chain/verify.js'

const clock = { now: () => Date.UTC(2026, 10, 25, 19) }
const secret = randomBytes(32)
const pair = generateKeyPairSync('ed25519')
const keys = [secretChainKey(secret), remembering(publicChainKey(pair.publicKey))]
const kinds: ReadonlyArray<readonly [name: string, options: ChainOptions]> = [
  ['of a secret', { key: secret }],
  ['that is signed', { sign: pair.privateKey, every: 4 }],
]

/** A signature takes a tenth of a millisecond to check, and the same ones are checked ten thousand times here. */
function remembering(key: CheckingKey): CheckingKey {
  const known = new Map<string, boolean>()
  return {
    ...key,
    isProof(text, proof) {
      const name = `${proof} ${text}`
      const answer = known.get(name) ?? key.isProof(text, proof)
      known.set(name, answer)
      return answer
    },
  }
}

/** A log of these records, and where it stands. */
function logOf(options: ChainOptions, records: readonly string[]): { readonly text: Buffer; readonly head: string; readonly chain: Chain } {
  const chain = Chain.begin(chainSetup(options), clock)
  let text = chain.say('started') + chain.seal(records)
  if (chain.isUnproven) text += chain.say('checkpoint')
  return { text: Buffer.from(text), head: chain.head(), chain }
}

function check(text: Buffer, head?: string): Verification {
  const verifier = new ChainVerifier(keys, head === undefined ? undefined : readHead(head, keys))
  let start = 0
  let line = 0
  for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10, start)) {
    if (!verifier.take(text.subarray(start, end), 'audit.log', ++line)) return verifier.finish()
    start = end + 1
  }
  return verifier.finish(start < text.length ? { bytes: text.subarray(start), file: 'audit.log', line: line + 1 } : undefined)
}

function microsecondsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return user + system
}

const recordsOf = (count: number) => Array.from({ length: count }, (_, index) => `{"kind":"access","path":"/orders/${index}"}`)
const linesOf = (text: Buffer) => text.toString().split('\n').slice(0, -1)
const textOf = (lines: readonly string[]) => Buffer.from(lines.map((line) => `${line}\n`).join(''))

describe('the chain of an audit log', () => {
  it('is what its description says, so that others can check it', () => {
    const { text } = logOf({ key: secret }, ['{"a":1}', '{"b":2}'])
    let previous = ''
    for (const [index, line] of linesOf(text).entries()) {
      const [, covered = '', hash] = /^(.*),"hash":"(.{43})"\}$/.exec(line) ?? []
      expect(hash).to.equal(
        createHmac('sha256', secret)
          .update(previous + covered)
          .digest('base64url'),
      )
      expect(JSON.parse(line)).to.include({ seq: index, hash })
      previous = hash ?? ''
    }
    const [, second = ''] = linesOf(logOf({ sign: pair.privateKey }, ['{"a":1}']).text)
    expect(second).to.match(/^\{"a":1,"seq":1,"hash":/)
    const [first = ''] = linesOf(logOf({ sign: pair.privateKey }, []).text)
    const [, covered = '', hash] = /^(.*),"hash":"(.{43})"\}$/.exec(first) ?? []
    expect(hash).to.equal(createHash('sha256').update(covered).digest('base64url'))
  })

  it('has the hashes that the library makes, whatever the key, and however long the record', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.nat(7_000).map((length) => 'ä€😀'.repeat(length)),
    )
    const record = fc.oneof(
      text,
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(20_000).map((length) => randomBytes(length)),
    )
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 150 }), text, record, (key, previous, bytes) => {
        const known = createHmac('sha256', key).update(previous).update(bytes).digest('base64url')
        expect(secretLink(key)(previous, bytes)).to.equal(known)
        expect(hashLink()(previous, bytes)).to.equal(createHash('sha256').update(previous).update(bytes).digest('base64url'))
      }),
      { numRuns: 40 },
    )
  })

  it('keeps a record on its line whatever it is, and its own records apart', () => {
    const odd = ['', '{}', 'no JSON', '{"a":\n1}', '[1]', '{"kind":"chain","event":"rekeyed"}', '{"seq":7,"hash":"x"}', '{"ü":"\u2028"}']
    for (const [name, options] of kinds) {
      const { text, head } = logOf(options, odd)
      expect(check(text, head), name).to.include({ intact: true, reachesHead: true })
      for (const line of linesOf(text)) expect(() => JSON.parse(line), line).not.to.throw()
    }
  })

  for (const [name, options] of kinds) {
    describe(name, () => {
      it('shows every single bit that is flipped, and in which line', () => {
        fc.assert(
          fc.property(fc.array(fc.json({ maxDepth: 1 }), { minLength: 1, maxLength: 3 }), (values) => {
            const { text } = logOf(
              options,
              values.map((value) => `{"a":${value}}`),
            )
            expect(check(text).intact).to.equal(true)
            let line = 1
            for (let index = 0; index < text.length; index++) {
              const was = text[index] ?? 0
              for (let bit = 0; bit < 8; bit++) {
                text[index] = was ^ (1 << bit)
                const { intact, fault } = check(text)
                if (intact || fault?.line !== line)
                  throw new Error(`bit ${bit} of byte ${index}: ${JSON.stringify(fault)}, not line ${line}`)
              }
              text[index] = was
              if (was === 10) line++
            }
          }),
          { numRuns: 3 },
        )
      })

      it('tells what was changed, removed, inserted and reordered', () => {
        const { text, head } = logOf(options, recordsOf(20))
        const lines = linesOf(text)
        const place = lines.findIndex((line) => line.includes('/orders/7"'))
        const number = place
        const line = lines[place] ?? ''
        const others = linesOf(logOf(options, recordsOf(20)).text)
        const cases: ReadonlyArray<readonly [kind: string, sequence: number, lines: readonly string[]]> = [
          ['changed', number, lines.with(place, line.replace('orders/7', 'orders/8'))],
          ['changed', number, lines.with(place, line.replace(`"seq":${number}`, `"seq":${number + 1}`))],
          ['changed', number, lines.with(place, '')],
          ['changed', number, lines.with(place, lines[place - 1] ?? '')],
          ['removed', number, lines.toSpliced(place, 1)],
          ['removed', number, lines.toSpliced(place, 5)],
          ['inserted', number, lines.toSpliced(place, 0, others[place] ?? '')],
          ['inserted', number - 1, lines.toSpliced(place, 0, lines[place - 1] ?? '')],
          ['inserted', number + 3, lines.toSpliced(place, 0, lines[place + 3] ?? '')],
          ['reordered', number + 1, lines.toSpliced(place, 2, lines[place + 1] ?? '', line)],
          [
            'reordered',
            number + 1,
            lines.toSpliced(place, 4, lines[place + 1] ?? '', lines[place + 3] ?? '', line, lines[place + 2] ?? ''),
          ],
        ]
        for (const [kind, sequence, changed] of cases) {
          const { fault } = check(textOf(changed), head)
          expect(fault, `${kind} ${fault?.message}`).to.include({ kind, sequence, line: place + 1 })
        }
        expect(check(textOf(lines.toSpliced(place, 0, 'no record'))).fault).to.include({ kind: 'inserted', line: place + 1 })
        expect(check(textOf(lines.slice(3))).fault).to.include({ kind: 'removed', line: 1 })
        expect(check(textOf(lines.slice(1))).fault).to.include({ kind: 'removed', line: 1 })
      })

      it('shows a cut only with its head, in the middle of a line without', () => {
        const { text, head } = logOf(options, recordsOf(20))
        const lines = linesOf(text)
        for (let count = 1; count < lines.length; count++) {
          const cut = textOf(lines.slice(0, count))
          expect(check(cut), `${count}`).to.include({ intact: true, records: count, reachesHead: false })
          expect(check(cut, head).fault, `${count}`).to.include({ kind: 'truncated', sequence: count, line: count })
          expect(check(cut.subarray(0, -1)).fault).to.include({ kind: 'torn', line: count })
        }
        expect(check(Buffer.alloc(0)).fault).to.include({ kind: 'truncated' })
        expect(check(text, head)).to.include({ intact: true, reachesHead: true })
      })

      it('shows the splice of two logs of one key, at any place', () => {
        const one = linesOf(logOf(options, recordsOf(12)).text)
        const other = linesOf(logOf(options, recordsOf(12)).text)
        for (let place = 1; place < one.length; place++) {
          for (const from of [0, place - 1, place, place + 1]) {
            const rest = other.slice(from)
            if (rest.length === 0) continue
            const { fault } = check(textOf([...one.slice(0, place), ...rest]))
            expect(fault, `${place} ${from}`).to.include({ line: place + 1 })
            if (from === 0) expect(fault?.kind).to.equal('restarted')
          }
        }
      })

      it('shows another log than the one of the head', () => {
        const { chain, head } = logOf(options, recordsOf(5))
        const { text } = logOf(options, recordsOf(9))
        expect(check(text, head).fault).to.include({ kind: 'forked' })
        // The same chain, written on twice from one place by who has the key.
        const one = logOf(options, recordsOf(5))
        const other = Chain.goOn(chainSetup(options), clock, { ...one.chain.state, hash: 'A'.repeat(43) })
        expect(check(one.text, other.head()).fault).to.include({ kind: 'forked', sequence: one.chain.state.sequence })
        // Where the numbers do not meet, the chain's name tells.
        const shorter = logOf(options, recordsOf(2))
        expect(check(shorter.text, head).fault).to.include({ kind: 'forked' })
        const later = chain.say('continued') + chain.seal(recordsOf(2))
        expect(check(Buffer.from(later), head)).to.include({ intact: true, reachesHead: false })
        expect(check(Buffer.from(later), shorter.head).fault).to.include({ kind: 'forked', line: 3 })
      })
    })
  }

  it('is proven by the signatures alone where it is signed: hashes can be made by anyone', () => {
    const lines = linesOf(logOf({ sign: pair.privateKey, every: 4 }, recordsOf(10)).text)
    const forged: string[] = []
    let previous = ''
    for (const line of lines) {
      const changed = line.replace('/orders/5"', '/orders/6"').replace(/"previous":"[^"]*"/, `"previous":"${previous}"`)
      const covered = changed.replace(/,"hash":"[^"]*"\}$/, '')
      previous = createHash('sha256')
        .update(previous + covered)
        .digest('base64url')
      forged.push(`${covered},"hash":"${previous}"}`)
    }
    expect(check(textOf(forged)).fault).to.include({
      kind: 'changed',
      sequence: 6,
      message: 'something from record 6 to record 10 was changed: the proof in the last of them does not fit',
    })
    const unsigned = check(textOf(lines.slice(0, 8)))
    expect(unsigned).to.include({ intact: true })
    expect(unsigned.unproven).to.deep.equal([{ from: 6, to: 7 }])
    // What stands behind a proof is not covered by it.
    const padded = lines.map((line) => line.replace(/,"proof":"([^"]*)"/, ',"proof":"$1","unproven":0'))
    const [first = ''] = padded
    const covered = first.replace(/,"hash":"[^"]*"\}$/, '')
    expect(check(textOf([`${covered},"hash":"${createHash('sha256').update(covered).digest('base64url')}"}`])).fault).to.include({
      kind: 'changed',
    })
  })

  it('refuses heads that were changed, that are of other keys, or none', () => {
    const { head } = logOf({ key: secret }, recordsOf(3))
    expect(readHead(head, keys)).to.include({ sequence: 3 })
    expect(() => readHead(head.replace('"seq":3', '"seq":2'), keys)).to.throw(TypeError, 'changed')
    expect(() => readHead(logOf({ key: randomBytes(32) }, []).head, keys)).to.throw(TypeError, 'not given')
    for (const text of ['', '{}', 'null', '{"a":1,"proof":"x"}']) expect(() => readHead(text, keys), text).to.throw(TypeError, 'no head')
    // No record of a chain can be passed off as a head.
    const proof = keys[0] as ReturnType<typeof secretChainKey>
    const [text = ''] = /^\{.*(?=,"proof")/.exec(head) ?? []
    expect(() => readHead(`${text},"proof":"${proof.prove(text)}"}`, keys)).to.throw('changed')
  })

  it('refuses keys that are short, guessable, or of another kind', () => {
    for (const key of [randomBytes(31), Buffer.alloc(32), Buffer.from('my-super-secret-audit-key-for-production'), pair.publicKey]) {
      expect(() => chainSetup({ key })).to.throw(TypeError, 'random bytes')
    }
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    for (const sign of [rsa.privateKey, pair.publicKey]) expect(() => chainSetup({ sign })).to.throw(TypeError, 'Ed25519')
    expect(() => chainSetup({ sign: pair.privateKey, every: 0 })).to.throw(RangeError, 'every')
    expect(() => chainSetup({ sign: pair.privateKey, within: '0 s' })).to.throw(RangeError, 'within')
    expect(() => chainSetup({ sign: pair.privateKey, key: secret })).to.throw(TypeError, 'either')
  })
})

describe('a log of 100,000 records', () => {
  const fileCount = 40
  const files: Buffer[] = []
  let head = ''
  before(() => {
    const chain = Chain.begin(chainSetup({ key: secret }), clock)
    for (let file = 0; file < fileCount; file++) {
      files.push(Buffer.from(chain.say(file === 0 ? 'started' : 'continued') + chain.seal(recordsOf(100_000 / fileCount))))
    }
    head = chain.head()
  })
  const sources = (buffers: readonly Buffer[]) => buffers.map((buffer) => chunksOf(buffer))
  async function* chunksOf(buffer: Buffer): AsyncGenerator<Uint8Array> {
    for (let start = 0; start < buffer.length; start += 10_007) yield buffer.subarray(start, start + 10_007)
  }
  const verify = (buffers: readonly Buffer[], withHead = true) =>
    verifyAuditLog(sources(buffers), withHead ? { keys: [secret], head } : { keys: [secret] })

  it('is intact over all its files, and every one of them by itself', async () => {
    expect(await verify(files)).to.include({ intact: true, records: 100_000 + fileCount, first: 0, reachesHead: true })
    const last = await verify(files.slice(-1))
    expect(last).to.include({ intact: true, first: 100_000 + fileCount - 2_501, reachesHead: true })
  })

  it('misses no file', async () => {
    for (const changed of [files.toSpliced(20, 1), files.toSpliced(20, 2, files[21]!, files[20]!)]) {
      const { fault } = await verify(changed)
      expect(fault).to.include({ kind: 'removed', file: 'source 21', line: 1 })
    }
    expect((await verify(files.slice(0, -1))).fault).to.include({ kind: 'truncated', file: 'source 39' })
  })

  it('shows a flipped bit wherever it is', async () => {
    for (let sample = 0; sample < 40; sample++) {
      const file = Buffer.from(files[sample] ?? '')
      const index = Math.floor((file.length / 40) * sample + 17)
      file[index] = (file[index] ?? 0) ^ (1 << (sample % 8))
      const line = file.subarray(0, index).toString('latin1').split('\n').length
      const { fault } = await verify([file], false)
      expect(fault?.line, `byte ${index}`).to.equal(line)
    }
  })

  it('is checked for little more than an HMAC of each of its records', async () => {
    const long = recordsOf(100_000).map((record) => `${record.slice(0, -1)},"rest":"${'x'.repeat(300)}"}`)
    const { text } = logOf({ key: secret }, long)
    const lines = linesOf(text).map((line) => Buffer.from(line))
    const ratios: number[] = []
    for (let look = 0; look < 3; look++) {
      const start = process.cpuUsage()
      for (const line of lines) createHmac('sha256', secret).update(line).digest('base64url')
      const hashing = microsecondsSince(start)
      const middle = process.cpuUsage()
      expect(await verifyAuditLog([chunksOf(text)], { keys: [secret] })).to.include({ intact: true, records: 100_001 })
      ratios.push(microsecondsSince(middle) / hashing)
    }
    // What else a machine does disturbs both, or one look.
    expect(Math.min(...ratios)).to.be.below(1.5)
  })

  it('is checked with the public key of who signed it', async () => {
    const { text } = logOf({ sign: pair.privateKey, every: 500 }, recordsOf(2_000))
    expect(await verifyAuditLog([chunksOf(text)], { keys: [createPublicKey(pair.privateKey)] })).to.include({ intact: true })
    expect((await verifyAuditLog([chunksOf(text)], { keys: [secret] })).fault).to.include({ kind: 'unknown-key' })
  })
})
