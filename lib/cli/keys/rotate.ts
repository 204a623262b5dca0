import type { Jwk } from '../../authentication/key-material.js'
import { keysOfSet } from '../../authentication/own-keys.js'
import { CommandError, UsageError, optional } from '../command.js'
import type { Command } from '../command.js'
import { readInput } from '../input.js'
import { delivered, outputOptions } from '../output-file.js'
import { visible } from '../visible.js'
import { algorithmIn, completed, secretMend } from './given-keys.js'
import type { Algorithm } from '../../authentication/algorithms.js'
import { canSign, publicHalf, requireSound, setText, soundKeys } from './key-set.js'
import { makeKey } from './maker.js'

/** The keys of a set: the first signs, all verify. */
type Keys = readonly [signing: Jwk, ...others: readonly Jwk[]]

interface Rotated {
  readonly keys: readonly Jwk[]
  readonly notes: readonly string[]
}

/** What a step makes of a set, with a new key where it needs one. */
type Step = (keys: Keys, makeNew: () => Promise<Jwk>) => Rotated | Promise<Rotated>

const steps: ReadonlyMap<string, Step> = new Map<string, Step>([
  ['publish', publish],
  ['sign', sign],
  ['retire', retire],
])

/** Changes the key that signs tokens, without a token being refused. */
export const keysRotate: Command = {
  name: 'keys rotate',
  summary: 'Make the next key set: a new key signs, the old ones verify still',
  description: [
    'Prints the set that comes after the one in FILE. The first key of a set signs, all of them verify.',
    'Without --step a new key signs at once. Where several verify, all must know it first:',
    '  --step publish  a new key is added, and verifies; bring this set everywhere',
    '  --step sign     the key that was added signs; bring this set everywhere, and let the old tokens expire',
    '  --step retire   the keys that no longer sign are taken out',
    'Key pairs that no longer sign keep their public half alone.',
  ].join('\n'),
  examples: [
    'portcullis keys rotate keys.json --out next.json',
    'portcullis keys rotate keys.json --step publish --out keys.json --force',
    'portcullis keys rotate keys.json --step retire --out keys.json --force',
  ],
  arguments: [{ name: 'FILE', description: 'The key set, or the one key until now; - is the standard input' }],
  options: {
    step: { value: '<name>', description: 'publish, sign or retire (default: publish and sign in one)' },
    algorithm: { value: '<name>', description: 'The algorithm of the new key, of the same family (default: that of the old one)' },
    kid: { value: '<text>', description: 'The name of the new key (default: its thumbprint; random for a secret)' },
    'old-kid': { value: '<text>', description: 'The name that tokens bear of the key until now, where FILE does not say it (PEM)' },
    ...outputOptions,
  },
  secretMend,
  async run(values, [file = ''], surroundings) {
    const name = optional(values, 'step')
    const step = name === undefined ? replace : steps.get(name)
    if (step === undefined) throw new UsageError(`--step ${JSON.stringify(name)} is none of ${[...steps.keys()].join(', ')}`)
    const algorithm = algorithmIn(values)
    const bytes = await readInput(file, 'FILE', surroundings)
    const keys = soundKeys(bytes, 'FILE', (jwk) => completed(jwk, { algorithm, kid: optional(values, 'old-kid') }))
    const { keys: next, notes } = await step(inOrder(keys), () => newKey(keys, algorithm, optional(values, 'kid')))
    requireSound(next, 'the new set')
    return delivered(setText(next), values, true, notes)
  },
}

/** The set, where its first key signs and each is named. */
function inOrder(keys: readonly Jwk[]): Keys {
  const [signing, ...others] = keys
  if (signing === undefined || !canSign(signing))
    throw new CommandError('the first key of FILE cannot sign: give the set with the private keys')
  if (keys.some(({ kid }) => kid === undefined)) {
    throw new CommandError(
      'a key of FILE has no kid, and tokens that name no key are refused as soon as there are two: sign with a kid (--old-kid says which) until the last token without one has expired, then rotate',
    )
  }
  return [signing, ...others]
}

function newKey(keys: readonly Jwk[], algorithm: Algorithm | undefined, kid: string | undefined): Promise<Jwk> {
  const [first] = keysOfSet({ keys })
  // Later than every other, though two may be made in one second: the order of a set is told by it.
  const issuedAt = Math.max(Math.floor(Date.now() / 1000), ...keys.map((jwk) => madeAt(jwk) + 1))
  return makeKey({ algorithm: algorithm ?? first.algorithm, kid, issuedAt })
}

/** When a key was made, as far as it says so: seconds. */
function madeAt({ iat }: Jwk): number {
  return typeof iat === 'number' && Number.isSafeInteger(iat) ? iat : 0
}

/** The key that was added and does not sign yet. */
function pendingIn([signing, ...others]: Keys): Jwk | undefined {
  return others.find((jwk) => canSign(jwk) && madeAt(jwk) > madeAt(signing))
}

function requireNonePending(keys: Keys): void {
  const pending = pendingIn(keys)
  if (pending !== undefined) throw new CommandError(`the key ${named(pending)} is added already and does not sign yet: --step sign`)
}

async function replace(keys: Keys, makeNew: () => Promise<Jwk>): Promise<Rotated> {
  requireNonePending(keys)
  const made = await makeNew()
  return {
    keys: [made, ...keys.map(verifyingAlone)],
    notes: [
      `The key ${named(made)} signs from now on. Bring the set to whoever verifies before whoever signs.`,
      'When the last token of the old keys has expired: --step retire.',
    ],
  }
}

async function publish(keys: Keys, makeNew: () => Promise<Jwk>): Promise<Rotated> {
  requireNonePending(keys)
  const made = await makeNew()
  return { keys: [...keys, made], notes: [`The key ${named(made)} verifies. When every process knows the set: --step sign.`] }
}

function sign(keys: Keys): Rotated {
  const pending = pendingIn(keys)
  if (pending === undefined) throw new CommandError('no key of FILE was added after the one that signs: --step publish comes first')
  const others = keys.filter((one) => one !== pending).map(verifyingAlone)
  return {
    keys: [pending, ...others],
    notes: [`The key ${named(pending)} signs from now on. When the last token of the old keys has expired: --step retire.`],
  }
}

function retire(keys: Keys): Rotated {
  const pending = pendingIn(keys)
  const [signing, ...others] = keys
  const retired = others.filter((one) => one !== pending)
  const said =
    retired.length === 0 ? 'There was no key to take out.' : `Taken out: ${retired.map(named).join(', ')}. Their tokens are refused.`
  return { keys: pending === undefined ? [signing] : [signing, pending], notes: [said] }
}

/** What is needed of a key that no longer signs. */
function verifyingAlone(jwk: Jwk): Jwk {
  return publicHalf(jwk) ?? jwk
}

function named({ kid }: Jwk): string {
  return visible(JSON.stringify(kid))
}
