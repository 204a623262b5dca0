import type { Fields } from '../../authentication/compact-token.js'
import { CommandError, UsageError, optional } from '../command.js'
import type { Command, OptionValues, Surroundings } from '../command.js'
import { dateOf, fromNow } from '../elapsed.js'
import { readInput } from '../input.js'
import { algorithmIn, keyOptions, keysIn, secretMend } from '../keys/given-keys.js'
import { maskOf, maskedValue } from '../keys/mask.js'
import type { Mask } from '../keys/mask.js'
import { withApi } from '../load-api.js'
import type { Colour, Paint } from '../paint.js'
import { table } from '../table.js'
import { visible, visibleJson } from '../visible.js'
import { decoded } from './decoded.js'
import type { DecodedToken } from './decoded.js'
import { verdictOf } from './verdict.js'
import type { Verdict } from './verdict.js'
import { verifierOf, verifierWith } from './verification.js'

/** Shows what a token says, and whether it is true. */
export const tokenInspect: Command = {
  name: 'token inspect',
  summary: 'Show what a token says, and with a key or an API whether it is good',
  description: [
    'Shows the header and the claims of a token, times as dates. Without a key nothing of it is proved.',
    'With a key, or the API of a module, the token is verified as the API would: ends with 1 unless it is valid.',
    'A module is asked for revocation too, where its API shares what was revoked.',
  ].join('\n'),
  examples: [
    'portcullis token inspect < token.txt',
    'portcullis token inspect --key-file jwks.json --audience orders < token.txt',
    'portcullis token inspect --api dist/api.js --json < token.txt',
  ],
  arguments: [{ name: 'TOKEN', isOptional: true, description: 'The token (default: what stands in the standard input)' }],
  options: {
    ...keyOptions,
    api: { value: '<file>', description: 'Verify as the API does that this file exports (MODULE of the other commands)' },
    issuer: { value: '<url>', description: 'With a key: who must have issued it (default: whoever it names)' },
    audience: { value: '<name>', description: 'With a key: which API it must be for (default: whichever it names)' },
    algorithm: {
      value: '<name>',
      description: 'With a key that names none: its algorithm (default: that of the token, where it fits)',
    },
    json: { description: 'As JSON' },
  },
  secretMend,
  async run(values, [word = '-'], surroundings) {
    const now = Date.now()
    const check = await checkIn(values, word, surroundings)
    const token = await tokenIn(word, surroundings)
    const read = decoded(token)
    const verification = await check.verify(token, read, now)
    const exitCode = isAsItShouldBe(read, verification) ? 0 : 1
    if (values['json'] !== undefined) return { output: asJson(read, verification, check.mask), notes: [], exitCode }
    return { output: told(read, verification, { ...check, paint: surroundings.paint, now }), notes: [], exitCode }
  },
}

/** How a token is verified, and what must not be shown of the key. */
interface Check {
  readonly mask: Mask
  verify(token: string, read: DecodedToken, now: number): Promise<Verdict>
}

const unproved: Check = {
  mask: (text) => text,
  verify: async () => ({ verdict: 'not verified', because: 'anybody can write such a token: give --key-file, --key-env or --api' }),
}

async function checkIn(values: OptionValues, word: string, surroundings: Surroundings): Promise<Check> {
  const file = optional(values, 'api')
  if (file === undefined) return checkWithKeys(values, word, surroundings)
  for (const name of ['key-file', 'key-env', 'issuer', 'audience', 'algorithm']) {
    if (values[name] !== undefined) throw new UsageError(`--api says it all: leave --${name} out`)
  }
  return {
    mask: unproved.mask,
    verify: (token, _read, now) => withApi(file, (api) => verdictOf(token, verifierOf(api), now, 'the API takes it')),
  }
}

async function checkWithKeys(values: OptionValues, word: string, surroundings: Surroundings): Promise<Check> {
  const [issuer, audience, algorithm] = [optional(values, 'issuer'), optional(values, 'audience'), algorithmIn(values)]
  if (word === '-' && optional(values, 'key-file') === '-') throw new UsageError('the standard input holds one thing: the key or the token')
  const given = await keysIn(values, surroundings)
  if (given === undefined) {
    if (issuer === undefined && audience === undefined && algorithm === undefined) return unproved
    throw new UsageError('--issuer, --audience and --algorithm are for verifying: give --key-file or --key-env too')
  }
  const unasked = [...(issuer === undefined ? ['issuer'] : []), ...(audience === undefined ? ['audience'] : [])]
  const proven = `the key has signed it, and its time is now${unasked.length === 0 ? '' : `; not compared: ${unasked.join(', ')}`}`
  return {
    mask: maskOf(given.keys),
    verify: (token, read, now) => verdictOf(token, verifierWith({ keys: given.keys, algorithm, issuer, audience }, read), now, proven),
  }
}

/** The token alone, of what people copy: without what stands before it in a header, and without spaces around it. */
async function tokenIn(word: string, surroundings: Surroundings): Promise<string> {
  if (word === '-' && surroundings.input.isTTY === true)
    throw new UsageError('TOKEN is missing: write it into the standard input, < token.txt')
  const text = word === '-' ? (await readInput('-', 'TOKEN', surroundings)).toString('utf8') : word
  const token = text.trim().replace(/^(?:authorization:\s*)?(?:bearer|dpop)(?:\s+|$)/i, '')
  if (token === '') throw new CommandError('the token is empty')
  return token
}

function isAsItShouldBe(read: DecodedToken, { verdict }: Verdict): boolean {
  return verdict === 'valid' || (verdict === 'not verified' && read.form !== 'opaque')
}

function asJson(read: DecodedToken, verification: Verdict, mask: Mask): string {
  return visibleJson(maskedValue({ ...read, verification }, mask))
}

interface Telling {
  readonly mask: Mask
  readonly paint: Paint
  readonly now: number
}

function told(read: DecodedToken, verdict: Verdict, telling: Telling): string {
  const parts =
    read.form === 'opaque'
      ? [`This is no JWT: ${read.why}. What it says, its issuer alone knows.`]
      : [fieldsOf('HEADER', read.header, telling), read.form === 'signed' ? fieldsOf('CLAIMS', read.claims, telling) : encrypted]
  if (read.form === 'signed' && (!read.isSigned || isUnsigned(read.header))) parts.push(unsigned)
  return [...parts, verdictLine(verdict, telling.paint)].join('\n\n')
}

const encrypted =
  'It is encrypted (JWE, RFC 7516): only whoever has the key for it can read its claims. Portcullis takes no encrypted tokens.'
const unsigned = 'It is not signed (alg none, or no signature): anybody can have written it, and no API of Portcullis takes it.'

function isUnsigned({ alg }: Fields): boolean {
  return typeof alg !== 'string' || alg.toLowerCase() === 'none'
}

const colours: Readonly<Record<Verdict['verdict'], Colour>> = {
  valid: 'green',
  expired: 'red',
  'not yet valid': 'red',
  invalid: 'red',
  'not verified': 'yellow',
}

function verdictLine({ verdict, because }: Verdict, paint: Paint): string {
  return `${paint(colours[verdict], verdict)}: ${because}`
}

function fieldsOf(title: string, fields: Fields, { mask, paint, now }: Telling): string {
  const rows = Object.entries(fields).map(([name, value]) => [shown(name, mask), valueOf(name, value, mask, now)])
  return table([[title, ''], ...rows], (cell, row, column) => (row === 0 ? paint('bold', cell) : column === 0 ? paint('cyan', cell) : cell))
}

const times: ReadonlySet<string> = new Set(['exp', 'nbf', 'iat', 'auth_time', 'updated_at'])

function valueOf(name: string, value: unknown, mask: Mask, now: number): string {
  const date = times.has(name) ? dateOf(value) : undefined
  if (date === undefined) return shown(value, mask)
  return `${date.toISOString().replace('.000Z', 'Z')}, ${fromNow(date.getTime(), now)}`
}

const longest = 300

function shown(value: unknown, mask: Mask): string {
  const text = visible(maskedValue(value, mask))
  return text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length.toLocaleString('en')} characters; --json shows all)`
}
