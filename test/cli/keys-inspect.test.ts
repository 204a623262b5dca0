import { createHash, createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { calculateJwkThumbprint } from 'jose'
import { algorithms } from '../../lib/authentication/algorithms.js'
import type { Jwk } from '../../lib/authentication/key-material.js'
import { makeKey } from '../../lib/cli/keys/maker.js'
import { called, printed } from './called.js'

const inspected = async (given: unknown, ...words: readonly string[]) =>
  called(['keys', 'inspect', '-', ...words], {
    input: typeof given === 'string' || given instanceof Uint8Array ? given : JSON.stringify(given),
  })

const problemsOf = async (given: unknown, ...words: readonly string[]) => {
  const { output, exitCode } = await inspected(given, '--json', ...words)
  const { problems } = JSON.parse(output) as {
    problems: ReadonlyArray<{ readonly place: string; readonly problem: string; readonly mend: string }>
  }
  expect(exitCode).to.equal(problems.length === 0 ? 0 : 1)
  return problems.map(({ place, problem }) => `${place}: ${problem}`)
}

const issuedAt = 1_790_000_000

/** A modulus such as the chips made: a power of 65537 for every small prime (CVE-2017-15361). */
function rocaKey(): Jwk {
  const primes = Array.from({ length: 165 }, (_, index) => index + 3).filter((one) =>
    [2, 3, 5, 7, 11].every((two) => one === two || one % two !== 0),
  )
  const product = primes.reduce((all, prime) => all * BigInt(prime), 2n)
  const start = 2n ** 2_047n
  const n = start - (start % product) + product + 65_537n
  return { kty: 'RSA', n: Buffer.from(n.toString(16), 'hex').toString('base64url'), e: 'AQAB', alg: 'RS256', kid: 'chip' }
}

describe('portcullis keys inspect', () => {
  it('tells of each key what it is', async () => {
    const [pair, rsa, secret] = [
      await makeKey({ algorithm: 'ES384', issuedAt }),
      await makeKey({ algorithm: 'PS256', kid: 'rsa', issuedAt }),
      await makeKey({ algorithm: 'HS512', kid: 'mac', issuedAt }),
    ]
    const rows = await Promise.all([pair, rsa, secret].map(async (jwk) => (await inspected({ keys: [jwk] })).output.split('\n')[1]))
    expect(rows[0]).to.match(/^keys\[0\] +[\w-]{43} +ES384 +private +P-384 +.* (?:ago|[dh]) +[\w-]{43}$/)
    expect(rows[1]).to.match(/^keys\[0\] +rsa +PS256 +private +RSA, 3072 bits +/)
    expect(rows[2]).to.match(/^keys\[0\] +mac +HS512 +secret +secret, 512 bits +.*–$/)
    const { keys } = JSON.parse((await inspected(pair, '--json')).output) as { keys: readonly object[] }
    expect(keys).to.deep.equal([
      {
        ...{ kid: pair['kid'], algorithm: 'ES384', isAlgorithmNamed: true, kind: 'private', type: 'P-384', bits: 384 },
        ...{ thumbprint: await calculateJwkThumbprint(pair), madeAt: issuedAt * 1_000 },
      },
    ])
  })

  it('puts the algorithm in parentheses that a key does not name', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    expect((await inspected(pem)).output).to.match(/^keys\[0\] +– +\(RS256\) +public +RSA, 2048 bits/m)
    expect((await inspected(pem, '--algorithm', 'PS512')).output).to.match(/ PS512 /)
  })

  it('reads PEM of every kind, several in one text, and secrets as text and as bytes', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const sec1 = ec.privateKey.export({ type: 'sec1', format: 'pem' }).toString()
    const both = `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${sec1}${ec.publicKey.export({ type: 'spki', format: 'pem' }).toString()}`
    const { output } = await inspected(both)
    expect(output).to.match(/^keys\[0\].*private.*\nkeys\[1\].*public/m)
    expect((await inspected(`${randomBytes(32).toString('base64url')}\n`)).output).to.include('secret, 344 bits')
    expect((await inspected(Buffer.concat([Buffer.from([0xff]), randomBytes(31)]))).output).to.include('secret, 256 bits')
  })

  it('names what is wrong with a key, and ends with 1', async () => {
    const good = await makeKey({ algorithm: 'ES256', kid: 'good', issuedAt })
    const other = await makeKey({ algorithm: 'ES256', kid: 'other', issuedAt })
    const small = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey.export({ format: 'jwk' })
    expect(await problemsOf({ keys: [good] })).to.deep.equal([])
    const wrong: ReadonlyArray<readonly [given: unknown, said: RegExp]> = [
      [{ keys: [good, { ...other, kid: 'good' }] }, /keys\[1\]: two keys have the kid "good"/],
      [{ keys: [good, { ...other, kid: undefined }] }, /keys\[1\]: the key has no kid/],
      [{ keys: [good, { ...small, kid: 'small' }] }, /keys\[1\]: the RSA key has 1024 bits/],
      [
        {
          keys: [
            { kty: 'OKP', crv: 'Ed448', x: 'AA' },
            { ...small, kid: 'small' },
          ],
        },
        /keys\[1\]: the RSA key has 1024 bits/,
      ],
      [rocaKey(), /CVE-2017-15361/],
      ['hunter2', /the secret has 56 bits, and HS256 needs 256/],
      ['my-super-secret-key-for-production-use', /can be guessed/],
      [{ ...good, x: other['x'], y: other['y'] }, /keys\[0\]: (?:what it signs|publicKey cannot be read|privateKey cannot be read)/],
      [{ ...good, alg: 'ES512' }, /ES512 needs a key on the curve secp521r1/],
      [{ ...good, key_ops: ['verify'] }, /does not allow to sign/],
      [{ ...good, kid: good['d'] }, /keys\[0\]: its kid holds the key itself/],
      [{ keys: [{ kty: 'oct', k: randomBytes(32).toString('base64url'), alg: 'HS256', kid: 'mac' }, good] }, /keys of two families/],
      [{ kty: 'EC', crv: 'P-256' }, /keys\[0\]: publicKey cannot be read/],
    ]
    for (const [given, said] of wrong) expect((await problemsOf(given)).join('\n'), JSON.stringify(given).slice(0, 60)).to.match(said)
  })

  it('finds private keys and secrets in a set that is to be published', async () => {
    const pair = await makeKey({ algorithm: 'EdDSA', kid: 'pair', issuedAt })
    const open = JSON.parse(await printed(['keys', 'publish', '-'], { input: JSON.stringify(pair) })) as unknown
    expect(await problemsOf(open, '--published')).to.deep.equal([])
    expect(await problemsOf(pair)).to.deep.equal([])
    expect(await problemsOf(pair, '--published')).to.deep.equal(['keys[0]: a private key stands in a set that is to be published'])
    const secret = await makeKey({ algorithm: 'HS256', kid: 'mac', issuedAt })
    expect(await problemsOf({ keys: [secret] }, '--published')).to.deep.equal(['keys[0]: a secret stands in a set that is to be published'])
  })

  it('passes over in a set that others publish what no token is signed with, and takes keys of several families', async () => {
    const keys = [
      ...[await makeKey({ algorithm: 'RS256', kid: 'rsa', issuedAt }), await makeKey({ algorithm: 'ES256', kid: 'ec', issuedAt })],
      ...[await makeKey({ algorithm: 'EdDSA', kid: 'ed', issuedAt })],
    ]
    const sets = await Promise.all(keys.map((jwk) => printed(['keys', 'publish', '-'], { input: JSON.stringify(jwk) })))
    const open = sets.flatMap((text) => (JSON.parse(text) as { keys: readonly Jwk[] }).keys)
    const others = [
      { kty: 'OKP', crv: 'X25519', x: 'AA' },
      { ...open[0], kid: 'enc', use: 'enc' },
      { ...open[0], kid: 'oaep', alg: 'RSA-OAEP' },
    ]
    expect(await problemsOf({ keys: [...others, ...open] }, '--published')).to.deep.equal([])
    expect(await problemsOf({ keys: [...others, ...open] })).to.deep.equal([
      'keys[0]: it is no key that tokens are signed with',
      'keys[2]: it is no key that tokens are signed with',
      'keys: one issuer has keys of two families: RS256 and ES256 and EdDSA',
    ])
    expect(await problemsOf({ keys: [...others, ...open, { ...open[1], kid: 'ec' }] }, '--published')).to.deep.equal([
      'keys[6]: two keys have the kid "ec"',
    ])
  })

  it('reminds of keys that are older than a year, and knows no age where none can be', async () => {
    const old = await makeKey({ algorithm: 'ES256', kid: 'old', issuedAt: 1_500_000_000 })
    expect((await inspected(old)).said).to.include('The key old is older than a year')
    for (const iat of [1e300, -1e300, '2025', null, {}]) {
      expect((await inspected({ ...old, iat })).output.split('\n')[1], JSON.stringify(iat)).to.match(/ – +[\w-]{43}$/)
    }
  })

  it('lets no key command the terminal', async () => {
    const pair = await makeKey({ algorithm: 'ES256', kid: '\u001b[2J\u202e\u009b', issuedAt })
    for (const words of [[], ['--json']]) {
      const { output, said } = await inspected({ ...pair, use: '\u001b[31m' }, ...words)
      expect(`${output}${said}`.replaceAll('\n', '')).not.to.match(/[\p{Cc}\p{Cf}]/u)
    }
  })

  it('refuses what holds no keys, without quoting it', async () => {
    const many = { keys: Array.from({ length: 101 }, () => ({ kty: 'oct' })) }
    const encrypted = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes256', passphrase: 'x' })
    const wrong: ReadonlyArray<readonly [given: string | Uint8Array, said: RegExp]> = [
      ['', /is empty/],
      [' \n', /is empty/],
      ['{"kty":"oct","k":"hunter2', /its JSON is broken/],
      ['["hunter2"]', /neither a JWK nor a key set/],
      ['{"keys":["hunter2"]}', /each of its keys must be an object/],
      ['{"keys":[]}', /holds no keys/],
      [JSON.stringify(many), /holds 101 keys: 100 are taken/],
      ['-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----', /PEM that is no key/],
      ['-----BEGIN PRIVATE KEY-----\nhunter2', /PEM that is no key/],
      [encrypted, /holds an encrypted key/],
      [new Uint8Array(1_048_577), /longer than 1048576 bytes/],
      ['-----BEGIN A-----\n'.repeat(50_000), /PEM that is no key/],
    ]
    for (const [given, said] of wrong) {
      const call = await inspected(given)
      expect([call.exitCode, call.output]).to.deep.equal([1, ''])
      expect(call.said).to.match(said).and.not.to.include('hunter2')
    }
  })

  it('repeats no key that stands where it should not', async () => {
    const secret = randomBytes(32).toString('base64url').replaceAll('-', '_')
    for (const words of [
      ['keys', 'inspect', secret],
      ['keys', 'inspect', '-', secret],
      ['keys', 'inspect', '--key-env', secret],
      ['keys', 'inspect', `--${secret}`],
      ['keys', 'inspect', '--secret', secret],
      ['keys', 'rotate', secret],
      ['keys', 'rotate', '-', secret],
      ['keys', 'publish', '-', secret],
      ['token', 'issue', secret],
      ['token', 'issue', '--key', secret],
      ['token', 'issue', '--secret', secret],
      ['token', 'issue', `--key=${secret}`],
      ['token', 'issue', '--subject', 'a', '--issuer', 'b', '--audience', 'c', '--key-file', secret],
      ['token', 'issue', '--subject', 'a', '--issuer', 'b', '--audience', 'c', '--key-env', secret],
      ['token', 'inspect', 'a.b.c', '--key-file', secret],
      ['token', 'inspect', 'a.b.c', '--key-env', secret],
      ['token', 'inspect', 'a.b.c', secret],
    ]) {
      const { exitCode, output, said } = await called(words)
      expect(exitCode, words.join(' ')).to.be.oneOf([1, 2])
      expect(`${output}${said}`, words.join(' ')).not.to.include(secret)
      expect(said).to.match(/never stands on the command line|name a file/)
    }
  })

  describe('whatever it is given', () => {
    const keys: Jwk[] = []
    const directory = mkdtempSync(join(tmpdir(), 'portcullis-inspect-'))
    after(() => rmSync(directory, { recursive: true }))
    before(async () => {
      for (const algorithm of algorithms) keys.push(await makeKey({ algorithm, kid: algorithm, issuedAt }))
    })

    const privateNames = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'] as const
    const secretsOf = (jwk: Jwk) => privateNames.flatMap((name) => (typeof jwk[name] === 'string' ? [jwk[name]] : []))

    /** Every spelling of a secret, and of each part of it that is worth a guess. */
    function leaks(secret: string): readonly string[] {
      const bytes = Buffer.from(secret, 'base64url')
      const windows = Array.from({ length: Math.max(1, secret.length - 20) }, (_, index) => secret.slice(index, index + 20))
      const hash = createHash('sha256').update(bytes)
      return [...windows, bytes.toString('base64'), bytes.toString('hex'), bytes.toString('latin1'), hash.digest('base64url')]
    }

    type Spoil = (jwk: Jwk) => Jwk
    const spoils: readonly Spoil[] = [
      (jwk) => jwk,
      (jwk) => ({ ...jwk, kid: secretsOf(jwk)[0] }),
      (jwk) => ({ ...jwk, kid: `key ${Buffer.from(secretsOf(jwk)[0] ?? '', 'base64url').toString('hex')}` }),
      (jwk) => ({ ...jwk, kid: [secretsOf(jwk)[0]] }),
      (jwk) => ({ ...jwk, alg: secretsOf(jwk)[0] }),
      (jwk) => ({ ...jwk, use: secretsOf(jwk)[0] }),
      (jwk) => ({ ...jwk, kty: String(secretsOf(jwk)[0]) }),
      (jwk) => ({ ...jwk, crv: secretsOf(jwk)[0] }),
      (jwk) => ({ ...jwk, key_ops: [{ a: secretsOf(jwk)[0] }] }),
      (jwk) => ({ ...jwk, kid: undefined, alg: undefined, use: undefined }),
      (jwk) => ({ ...jwk, kid: '', alg: 'none' }),
      (jwk) => ({ ...jwk, x: undefined, n: undefined }),
    ]

    type Writing = (jwk: Jwk) => string | Uint8Array
    const writings: readonly Writing[] = [
      (jwk) => JSON.stringify({ keys: [jwk] }),
      (jwk) => JSON.stringify({ keys: [jwk, jwk] }),
      (jwk) => JSON.stringify(jwk),
      (jwk) => pemOf(jwk) ?? Buffer.from(String(jwk['k']), 'base64url'),
      (jwk) => secretsOf(jwk)[0] ?? '',
      (jwk) => Buffer.from(secretsOf(jwk)[0] ?? '', 'base64url').toString('hex'),
    ]

    it('prints nothing of a secret, nor its hash', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.nat(algorithms.length - 1),
          fc.constantFrom(...spoils),
          fc.constantFrom(...writings),
          fc.option(fc.double({ min: 0.1, max: 0.99, noNaN: true })),
          fc.constantFrom('input', 'file', 'env'),
          fc.subarray(['--json', '--published']),
          async (which, spoil, write, cut, way, words) => {
            const jwk = keys[which] ?? {}
            const spoilt = spoil(jwk)
            const whole = Buffer.from(write(spoilt))
            const bytes = cut === null ? whole : whole.subarray(0, Math.ceil(whole.length * cut))
            const { output, said } = await through(way, bytes, words)
            for (const leak of secretsOf(jwk).flatMap(leaks)) expect(`${output}${said}`).not.to.include(leak)
          },
        ),
        { numRuns: 300 },
      )
    })

    function through(way: string, bytes: Buffer, words: readonly string[]) {
      if (way === 'input') return called(['keys', 'inspect', '-', ...words], { input: bytes })
      if (way === 'env') return called(['keys', 'inspect', '--key-env', 'KEY', ...words], { env: { KEY: bytes.toString('utf8') } })
      const file = join(directory, 'key')
      writeFileSync(file, bytes)
      return called(['keys', 'inspect', file, ...words])
    }
  })
})

/** Undefined where it is none, spoilt as it is. */
function pemOf(jwk: Jwk): string | undefined {
  try {
    return createPrivateKey({ key: jwk, format: 'jwk' }).export({ type: 'pkcs8', format: 'pem' }).toString()
  } catch {
    return undefined
  }
}
