import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import fc from 'fast-check'
import { CompactEncrypt } from 'jose'
import { segment, sign } from '../authentication/forge.js'
import { algorithms } from '../../lib/authentication/algorithms.js'
import type { Jwk } from '../../lib/authentication/key-material.js'
import { bearer } from '../../lib/authentication/bearer.js'
import { keysOfSet } from '../../lib/authentication/own-keys.js'
import { makeKey } from '../../lib/cli/keys/maker.js'
import { paintFor } from '../../lib/cli/paint.js'
import { runProgram } from '../../lib/cli/program.js'
import { tokenInspect } from '../../lib/cli/token/inspect.js'
import { apiModule, moduleDirectory } from './api-module.js'
import type { ModuleDirectory } from './api-module.js'
import { called, printed } from './called.js'
import { surroundings } from './surroundings.js'

const issuer = 'https://auth.example.com'
const audience = 'things'
const said = ['--subject', 'alice', '--issuer', issuer, '--audience', audience]
const issuedAt = 1_790_000_000

/** The secret of `apiModule`. */
const moduleSecret = 'ruq8Vb2LwZ0nXk5TcY7sJm4GdHf9Pe1A'

const issued = (jwk: Jwk | string, ...words: readonly string[]) =>
  printed(['token', 'issue', '--key-file', '-', ...said, ...words], { input: typeof jwk === 'string' ? jwk : JSON.stringify(jwk) })
const inspected = (token: string, ...words: readonly string[]) => called(['token', 'inspect', ...words], { input: token })
const withKey = (token: string, key: Jwk | string, ...words: readonly string[]) =>
  called(['token', 'inspect', '--key-env', 'KEY', ...words], {
    input: token,
    env: { KEY: typeof key === 'string' ? key : JSON.stringify(key) },
  })

const now = () => Math.floor(Date.now() / 1_000)
const forged = (claims: object, secret: string, header: object = { alg: 'HS256', typ: 'JWT' }) =>
  sign(`${segment(header)}.${segment(claims)}`, Buffer.from(secret))

describe('portcullis token issue', () => {
  it('issues what a verifier of the API takes, by a key of every kind', async () => {
    for (const algorithm of algorithms) {
      const jwk = await makeKey({ algorithm, issuedAt })
      const token = await issued(jwk)
      const { verifier } = bearer({ issuer, audience, keys: keysOfSet({ keys: [jwk] }) })
      const { id, tokenId } = await verifier.verify(token, Date.now())
      expect(id, algorithm).to.equal('alice')
      expect(tokenId).to.match(/^[\da-f-]{36}$/)
    }
  })

  it('says what it is told of the subject', async () => {
    const claims = ['--role', 'customer', '--role', 'clerk', '--permission', 'things:read', '--scope', 'openid', '--scope', 'email']
    const others = [
      '--claim',
      'tenant=acme',
      '--claim',
      'groups=["a","b"]',
      '--claim',
      'level=7',
      '--claim',
      'zip="01234"',
      '--claim',
      'note=a=b',
    ]
    const token = await issued(moduleSecret, ...claims, ...others, '--client', 'shop', '--expires', '2 hours')
    const [header, body] = token.split('.', 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Jwk)
    expect(header).to.deep.equal({ alg: 'HS256', typ: 'at+jwt' })
    expect(body).to.deep.include({
      ...{ sub: 'alice', iss: issuer, aud: audience, roles: ['customer', 'clerk'], permissions: ['things:read'], scope: 'openid email' },
      ...{ client_id: 'shop', tenant: 'acme', groups: ['a', 'b'], level: 7, zip: '01234', note: 'a=b' },
    })
    expect(Number(body?.['exp']) - Number(body?.['iat'])).to.equal(7_200)
  })

  it('gives it a quarter of an hour, and says so on the error stream', async () => {
    const { output, said: note } = await called(['token', 'issue', '--key-env', 'KEY', ...said, '--json'], { env: { KEY: moduleSecret } })
    const { token, tokenId, expiresIn, expiresAt } = JSON.parse(output) as Readonly<Record<string, string>>
    expect([expiresIn, token?.split('.').length, tokenId?.length]).to.deep.equal([900, 3, 36])
    expect(note).to.equal(`Whoever has it is alice until ${expiresAt}.`)
  })

  it('signs with the first key of a set, or with the one that is named', async () => {
    const keys = [await makeKey({ algorithm: 'ES256', kid: 'new', issuedAt }), await makeKey({ algorithm: 'ES256', kid: 'old', issuedAt })]
    const set = JSON.stringify({ keys })
    const kidOf = (token: string) => (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as Jwk)['kid']
    expect([kidOf(await issued(set)), kidOf(await issued(set, '--kid', 'old'))]).to.deep.equal(['new', 'old'])
    expect(kidOf(await issued(moduleSecret, '--kid', '2026-11'))).to.equal('2026-11')
  })

  it('takes the algorithm of a key that names none, and no other than that of one that does', async () => {
    const pem = await printed(['keys', 'generate', '--algorithm', 'PS384', '--format', 'pem'])
    const token = await issued(pem, '--algorithm', 'PS384')
    expect((await withKey(token, pem)).exitCode).to.equal(0)
    const jwk = await makeKey({ algorithm: 'HS256', issuedAt })
    const call = await called(['token', 'issue', '--key-file', '-', ...said, '--algorithm', 'HS512'], { input: JSON.stringify(jwk) })
    expect([call.exitCode, call.output]).to.deep.equal([2, ''])
  })

  it('refuses what would be no token of the API, and says how to write it', async () => {
    const open = JSON.parse(
      await printed(['keys', 'publish', '-'], { input: JSON.stringify(await makeKey({ algorithm: 'ES256', issuedAt })) }),
    ) as Jwk
    const wrong: ReadonlyArray<readonly [exitCode: number, words: readonly string[], said: RegExp, key?: string]> = [
      [2, ['--expires', '2 fortnights'], /--expires "2 fortnights" is no time/],
      [1, ['--expires', '53w'], /is no lifetime/],
      [2, ['--claim', 'tenant'], /is no claim/],
      [2, ['--claim', '=x'], /is no claim/],
      [2, ['--claim', 'groups=["a"'], /is no JSON/],
      [2, ['--claim', 'zip=01234'], /is no JSON: .*zip='"01234"'/],
      [2, ['--claim', 'a=1', '--claim', 'a=2'], /given twice/],
      [2, ['--claim', 'sub=bob'], /is said by --subject/],
      [2, ['--claim', 'exp=9999999999'], /is said by --expires/],
      [2, ['--claim', 'iat=1'], /the claim iat is not for issue\(\) to say/],
      [2, ['--claim', 'cnf={}'], /the claim cnf is not for issue\(\) to say/],
      [1, [], /has 56 bits/, 'hunter2'],
      [1, [], /there is no private key to sign with/, JSON.stringify(open)],
      [1, ['--kid', 'x'], /no key has the name/, JSON.stringify({ keys: [await makeKey({ algorithm: 'ES256', issuedAt })] })],
      [1, [], /no key that tokens are signed with/, '{"kty":"OKP","crv":"X25519","x":"AA"}'],
    ]
    for (const [exitCode, words, message, key = moduleSecret] of wrong) {
      const call = await called(['token', 'issue', '--key-env', 'KEY', ...said, ...words], { env: { KEY: key } })
      expect([call.exitCode, call.output], words.join(' ')).to.deep.equal([exitCode, ''])
      expect(call.said).to.match(message).and.not.to.include('hunter2')
    }
    for (const missing of ['--subject', '--issuer', '--audience']) {
      const words = said.filter((_, index) => said[index] !== missing && said[index - 1] !== missing)
      expect((await called(['token', 'issue', '--key-env', 'KEY', ...words], { env: { KEY: moduleSecret } })).said).to.include(
        `${missing} is missing`,
      )
    }
    expect((await called(['token', 'issue', ...said])).said).to.include('give --key-file or --key-env')
    expect((await called(['token', 'issue', ...said, '--key-file', '-', '--key-env', 'KEY'])).said).to.include('not both')
  })
})

describe('portcullis token inspect', () => {
  const secret = randomBytes(32).toString('base64url')
  const claims = () => ({ iss: issuer, aud: audience, sub: 'alice', jti: 'one', iat: now(), exp: now() + 3_600 })

  it('shows what stands in a token, and that nobody has proved it', async () => {
    const {
      output,
      exitCode,
      said: notes,
    } = await inspected(`Authorization: Bearer ${forged({ ...claims(), exp: 1_000_000_000 }, secret)}\n`)
    expect([exitCode, notes]).to.deep.equal([0, ''])
    expect(output).to.match(/^HEADER\nalg +HS256\ntyp +JWT\n\nCLAIMS\niss +https:\/\/auth\.example\.com\n/)
    expect(output).to.match(/^exp +2001-09-09T01:46:40Z, [\d,]+ d ago$/m)
    expect(output).to.match(/\n\nnot verified: anybody can write such a token/)
  })

  it('says what a key makes of it, and ends with 1 unless it is valid', async () => {
    const cases: ReadonlyArray<readonly [token: string, words: readonly string[], verdict: RegExp]> = [
      [forged(claims(), secret), [], /^valid: the key has signed it, and its time is now; not compared: issuer, audience$/m],
      [forged(claims(), secret), ['--issuer', issuer, '--audience', audience], /^valid: the key has signed it, and its time is now$/m],
      [forged(claims(), secret), ['--audience', 'others'], /^invalid: it is for another audience/m],
      [forged(claims(), secret), ['--issuer', 'https://other.example'], /^invalid: it is of another issuer/m],
      [forged({ ...claims(), exp: now() - 60 }, secret), [], /^expired: the signature is right/m],
      [forged({ ...claims(), nbf: now() + 600 }, secret), [], /^not yet valid: the signature is right/m],
      [forged({ ...claims(), exp: now() - 60 }, 'another'), [], /^invalid: the key has not made its signature/m],
      [forged({ ...claims(), iss: '' }, secret), [], /^invalid: it is of another issuer, or of none/m],
      [forged({ ...claims(), aud: [] }, secret), [], /^invalid: it is for another audience, or for none/m],
      [forged(claims(), secret, { alg: 'HS384' }), ['--algorithm', 'HS256'], /^invalid: its algorithm is not the one of the key/m],
      [forged(claims(), secret, { alg: 'HS256', typ: 'dpop+jwt' }), [], /^invalid: its typ says/m],
      [`${segment({ alg: 'none' })}.${segment(claims())}.`, [], /^invalid: it is no JWT to the letter/m],
      ['not-a-token', [], /^invalid: it is no JWT to the letter/m],
      [forged({ ...claims(), pad: 'x'.repeat(9_000) }, secret), [], /^invalid: it is longer than/m],
    ]
    for (const [token, words, verdict] of cases) {
      const { output, exitCode } = await withKey(token, secret, ...words)
      expect(output).to.match(verdict)
      expect(exitCode, output).to.equal(/^valid/m.test(output) ? 0 : 1)
      expect(output).not.to.include(secret)
    }
  })

  it('knows the key of a set that signed, and takes no other for it', async () => {
    const [one, two] = [
      await makeKey({ algorithm: 'ES256', kid: 'one', issuedAt }),
      await makeKey({ algorithm: 'ES256', kid: 'two', issuedAt }),
    ]
    const token = await issued(two)
    expect((await withKey(token, JSON.stringify({ keys: [one, two] }))).output).to.match(/^valid/m)
    expect((await withKey(token, one)).output).to.match(/^invalid: no key has the name/m)
    expect((await withKey(token, { ...one, kid: undefined })).output).to.match(/^invalid: the key has not made its signature/m)
    const jwks = await printed(['keys', 'publish', '-'], { input: JSON.stringify({ keys: [one, two] }) })
    expect((await withKey(token, jwks)).output).to.match(/^valid/m)
  })

  it('verifies under no algorithm that a public key is not for, whatever the token says', async () => {
    const pair = await makeKey({ algorithm: 'RS256', kid: 'one', issuedAt })
    const pem = await printed(['keys', 'publish', '-'], { input: JSON.stringify(pair) })
    const token = sign(`${segment({ alg: 'HS256', kid: 'one' })}.${segment(claims())}`, Buffer.from(pem))
    expect((await withKey(token, pem)).output).to.match(/^invalid: its algorithm is not the one of the key/m)
  })

  it('asks the API of a module, which it says nothing secret of', async () => {
    const directory: ModuleDirectory = moduleDirectory()
    try {
      const file = directory.write('api.js', apiModule({ all: 'Get(), Authenticated()' }))
      const good = await inspected(await issued(moduleSecret), '--api', file)
      expect([good.exitCode, /^valid: the API takes it$/m.test(good.output)]).to.deep.equal([0, true])
      const bad = await inspected(forged({ ...claims(), stolen: moduleSecret.slice(0, 10) }, secret), '--api', file, '--json')
      expect(bad.exitCode).to.equal(1)
      expect((JSON.parse(bad.output) as { verification: object }).verification).to.deep.equal({
        verdict: 'invalid',
        because: 'the key has not made its signature',
      })
      for (const { output, said: notes } of [good, bad]) expect(`${output}${notes}`).not.to.include(moduleSecret)
      expect((await inspected('opaque', '--api', file)).output).to.match(/^invalid: it is no JWT/m)
      expect((await inspected('opaque', '--api', file, '--key-env', 'KEY')).said).to.include('leave --key-env out')
    } finally {
      directory.remove()
    }
  })

  it('asks for what the processes of the API have revoked together, and for a verifier of its own', async () => {
    const directory: ModuleDirectory = moduleDirectory()
    const withServices = (lines: string) =>
      `${apiModule({ all: 'Get(), Authenticated()' }, 'container')}\nconst container = p.createContainer()\n${lines}\n`
    try {
      const revoking = directory.write(
        'revoking.js',
        withServices("container.register(p.tokens.revocations, { useValue: { isRevoked: ({ id }) => Promise.resolve(id === 'alice') } })"),
      )
      const state = directory.write(
        'state.js',
        withServices('container.register(p.tokens.state, { useValue: { get: () => undefined, set: () => undefined } })'),
      )
      const own = directory.write(
        'own.js',
        withServices('container.register(p.tokens.tokenVerifier, { useValue: { verify: () => { throw new p.Unavailable() } } })'),
      )
      const token = await issued(moduleSecret)
      expect((await inspected(token, '--api', revoking)).output).to.match(/^invalid: the signature is right, and it was revoked/m)
      expect((await inspected(token, '--api', state)).output).to.match(/^valid/m)
      const unknown = await inspected(token, '--api', own)
      expect([unknown.exitCode, unknown.output]).to.deep.equal([1, ''])
      expect(unknown.said).to.include('cannot be verified')
    } finally {
      directory.remove()
    }
  })

  it('says what cannot be read, and why', async () => {
    const key = new Uint8Array(randomBytes(32))
    const jwe = await new CompactEncrypt(Buffer.from('{"sub":"alice"}')).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(key)
    const encrypted = await inspected(jwe)
    expect(encrypted.exitCode).to.equal(0)
    expect(encrypted.output).to.match(/^enc +A256GCM\n\nIt is encrypted \(JWE, RFC 7516\)/m)
    expect((await withKey(jwe, secret)).exitCode).to.equal(1)
    const unsigned = await inspected(`${segment({ alg: 'nOnE' })}.${segment({ sub: 'alice' })}.`)
    expect(unsigned.output).to.match(/^It is not signed \(alg none/m)
    for (const [garbage, because] of [
      ['8c1f6d3e', /This is no JWT: it is one text of 8 characters/],
      ['a.b', /This is no JWT: it is no 3 or 5 parts/],
      ['%%%.%%%.%%%', /This is no JWT: it is no 3 or 5 parts/],
      ['e30.bm90IGpzb24.x', /its claims are no JSON object/],
      ['W10.e30.x', /its header is no JSON object/],
      [`${segment({})}.${segment('{"sub":"a","sub":"b"}')}.x`, /name a member twice/],
      ['.'.repeat(100_000), /This is no JWT/],
      ['A'.repeat(1_000_000), /one text of 1,000,000 characters/],
    ] as const) {
      const { output, exitCode } = await inspected(garbage)
      expect(exitCode, garbage.slice(0, 20)).to.equal(1)
      expect(output).to.match(because)
      expect(output.length).to.be.below(400)
    }
    for (const nothing of ['', ' \n', 'Bearer ']) expect((await inspected(nothing)).said).to.match(/the token is empty/)
    expect((await inspected('x'.repeat(2_000_000))).said).to.include('longer than 1048576 bytes')
  })

  it('lets no claim command the terminal, nor fill it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string({ unit: 'binary' }), fc.json()), fc.boolean(), async (more, json) => {
        const token = forged({ ...more, '\u001b]0;': '\u009b2J\u202e\u2028' }, secret)
        const { output } = await inspected(token, ...(json ? ['--json'] : []))
        expect(output.replaceAll('\n', '')).not.to.match(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      }),
      { numRuns: 100 },
    )
    const { output } = await inspected(forged({ note: 'x'.repeat(5_000) }, secret))
    expect(output).to.match(/^note +x{300}… \(5,000 characters; --json shows all\)$/m)
  })

  it('knows no date where there can be none', async () => {
    const { output, exitCode } = await inspected(`${segment('{"alg":"HS256"}')}.${segment('{"exp":1e400,"nbf":"soon","iat":1e15}')}.x`)
    expect(exitCode).to.equal(0)
    expect(output)
      .to.match(/^nbf +soon$/m)
      .and.to.match(/^iat +1000000000000000$/m)
  })

  it('does not repeat the key, not even where the token says it', async () => {
    for (const json of [[], ['--json']]) {
      const token = forged({ ...claims(), note: `the key is ${secret}`, [secret]: [{ deep: Buffer.from(secret).toString('hex') }] }, secret)
      const { output } = await withKey(token, secret, ...json)
      expect(output).to.include('[masked]').and.not.to.include(secret).and.not.to.include(Buffer.from(secret).toString('hex'))
    }
  })

  it('is in colours on a terminal, where it waits for nobody who has said nothing', async () => {
    const input = Object.assign(new PassThrough(), { isTTY: true })
    const paint = paintFor({ isTTY: true }, {})
    const call = (words: readonly string[]) =>
      runProgram([tokenInspect], ['token', 'inspect', ...words], surroundings({ input, paint, isTerminal: true }))
    expect((await call([])).notes[0]).to.include('TOKEN is missing')
    expect((await call([forged(claims(), secret)])).output).to.include('\u001b[33mnot verified\u001b[0m')
  })

  it('refuses what makes no sense together', async () => {
    for (const [words, message] of [
      [['--issuer', issuer], /give --key-file or --key-env too/],
      [['--key-file', '-'], /holds one thing: the key or the token/],
      [['--key-file', '-', '--key-env', 'KEY'], /one thing|not both/],
    ] as const) {
      const { exitCode, said: notes } = await inspected('a.b.c', ...words)
      expect(exitCode).to.equal(2)
      expect(notes).to.match(message)
    }
    const { said: notes, exitCode } = await withKey(forged(claims(), secret), 'hunter2')
    expect([exitCode, notes.includes('56 bits'), notes.includes('hunter2')]).to.deep.equal([1, true, false])
  })

  it('says that the keys cannot be had, where the issuer does not answer', async () => {
    const server = createServer((_request, response) => response.writeHead(500).end()).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const directory: ModuleDirectory = moduleDirectory()
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
      const text = apiModule({ all: 'Get(), Authenticated()' }, 'logger: p.createLogger({ silent: true })').replace(
        /keys: \[\{[^\]]*\]/,
        `outbound: { privateHosts: ["127.0.0.1"] }, jwksUri: ${JSON.stringify(url)}`,
      )
      const {
        exitCode,
        output,
        said: notes,
      } = await inspected(await issued(await makeKey({ algorithm: 'RS256', issuedAt })), '--api', directory.write('api.js', text))
      expect([exitCode, output], notes).to.deep.equal([1, ''])
      expect(notes).to.include('cannot be verified')
    } finally {
      server.close()
      directory.remove()
    }
  })
})
