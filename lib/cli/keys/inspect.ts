import type { Mistake } from '../../errors.js'
import { UsageError } from '../command.js'
import type { Command, OptionValues, Surroundings } from '../command.js'
import { fromNow } from '../elapsed.js'
import { readInput } from '../input.js'
import type { Paint } from '../paint.js'
import { table } from '../table.js'
import { visible, visibleJson } from '../visible.js'
import { algorithmIn, completed, keyOptions, keysIn, parseKeys, secretMend } from './given-keys.js'
import type { GivenKeys } from './given-keys.js'
import { factsOf } from './key-facts.js'
import type { KeyFacts } from './key-facts.js'
import { maskOf } from './mask.js'
import { problemsIn, publishedProblemsIn } from './problems.js'

/** Secrets are changed once a year (docs/operations.md). */
const longestUse = 366 * 86_400_000

/** Tells what keys are, and what is wrong with them. */
export const keysInspect: Command = {
  name: 'keys inspect',
  summary: 'Tell what keys are and what is wrong with them, and nothing secret',
  description: [
    'Tells of each key its name, algorithm, kind, size, age and thumbprint (RFC 7638), and what is wrong with it.',
    'Nothing secret is printed. Ends with 1 where a key is one that an API would not start with.',
    'In parentheses stands the algorithm of a key that names none: the one that an API takes for it.',
  ].join('\n'),
  examples: [
    'portcullis keys inspect keys.json',
    'portcullis keys inspect --key-env PORTCULLIS_KEY',
    'curl -s https://auth.example.com/.well-known/jwks.json | portcullis keys inspect - --published',
  ],
  arguments: [{ name: 'FILE', isOptional: true, description: 'A key set, JWK, PEM or secret; - is the standard input' }],
  options: {
    'key-env': keyOptions['key-env'],
    algorithm: { value: '<name>', description: 'What keys that name no algorithm are for: HS512, PS256' },
    published: { description: 'It is to be published: private keys and secrets are wrong in it' },
    json: { description: 'As JSON' },
  },
  secretMend,
  async run(values, [file], surroundings) {
    const algorithm = algorithmIn(values)
    const given = await givenIn(file, values, surroundings)
    const keys = given.keys.map((jwk) => completed(jwk, { algorithm }))
    const mask = maskOf(keys)
    const facts = await Promise.all(keys.map((jwk) => factsOf(jwk, mask)))
    const found = values['published'] === undefined ? problemsIn(keys) : publishedProblemsIn(keys)
    const problems = found.map((one) => ({ ...one, problem: mask(one.problem) }))
    const exitCode = problems.length === 0 ? 0 : 1
    if (values['json'] !== undefined) return { output: visibleJson({ keys: facts, problems }), notes: [], exitCode }
    return { output: told(facts, problems, surroundings.paint, Date.now()), notes: notesOf(facts), exitCode }
  },
}

async function givenIn(file: string | undefined, values: OptionValues, surroundings: Surroundings): Promise<GivenKeys> {
  if (file !== undefined) {
    if (values['key-env'] !== undefined) throw new UsageError('give FILE or --key-env, not both')
    return parseKeys(await readInput(file, 'FILE', surroundings), 'FILE')
  }
  const given = await keysIn(values, surroundings)
  if (given === undefined) throw new UsageError('FILE is missing: a key set, JWK, PEM or secret; or give --key-env')
  return given
}

function told(facts: readonly KeyFacts[], problems: readonly Mistake[], paint: Paint, now: number): string {
  const rows = facts.map((one, index) => row(one, index, now))
  const head = ['KEY', 'KID', 'ALGORITHM', 'KIND', 'SIZE', 'MADE', 'THUMBPRINT']
  const keys = table([head, ...rows], (cell, line) => (line === 0 ? paint('dim', cell) : cell))
  if (problems.length === 0) return keys
  const lines = problems.map(({ place, problem, mend }) => `${paint('red', place)}: ${visible(problem)} → ${visible(mend)}`)
  return `${keys}\n\n${lines.join('\n')}`
}

function row({ kid, algorithm = '?', isAlgorithmNamed, kind, type, bits, thumbprint, madeAt }: KeyFacts, index: number, now: number) {
  return [
    `keys[${index}]`,
    visible(kid ?? '–'),
    visible(isAlgorithmNamed ? algorithm : `(${algorithm})`),
    kind,
    sizeOf(type, bits),
    madeAt === undefined ? '–' : fromNow(madeAt, now),
    thumbprint ?? '–',
  ]
}

/** The name of a curve says its size. */
function sizeOf(type: string, bits: number | undefined): string {
  return bits === undefined || !['RSA', 'secret'].includes(type) ? visible(type) : `${type}, ${bits} bits`
}

function notesOf(facts: readonly KeyFacts[]): readonly string[] {
  const old = facts.filter(({ madeAt, kind }) => kind !== 'public' && madeAt !== undefined && Date.now() - madeAt > longestUse)
  return old.map(({ kid }) => `The key ${visible(kid ?? '–')} is older than a year: portcullis keys rotate changes it.`)
}
