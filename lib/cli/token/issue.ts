import type { KeyOptions } from '../../authentication/keys.js'
import { tokenIssuer } from '../../authentication/token-issuer.js'
import type { TokenIssuer } from '../../authentication/token-issuer.js'
import { CommandError, UsageError, optional, required } from '../command.js'
import type { Command, OptionValues, Surroundings } from '../command.js'
import { algorithmIn, completed, keyOptions, keysIn, secretMend } from '../keys/given-keys.js'
import { ownKeys } from '../keys/key-set.js'
import { maskOf } from '../keys/mask.js'
import { toMilliseconds } from '../lifetime.js'
import { visible } from '../visible.js'
import { claimsIn } from './claims.js'

/** Issues a token, as the API's own issuer would. */
export const tokenIssue: Command = {
  name: 'token issue',
  summary: 'Issue a token with a key of the API, to try the API out',
  description: [
    'Prints a token that the API takes: signed with the first key of the set, with a jti of its own.',
    'Whoever has the key can be anybody: for development and for tests of what is deployed.',
  ].join('\n'),
  examples: [
    'portcullis token issue --key-file keys.json --issuer https://auth.example --audience orders --subject alice',
    "portcullis token issue --key-env KEY --issuer … --audience … --subject bot --expires '15 minutes'",
  ],
  options: {
    ...keyOptions,
    algorithm: { value: '<name>', description: 'The algorithm of a key that names none: HS512, PS256 (default: HS256, RS256)' },
    kid: { value: '<text>', description: 'The key of the set that signs (default: the first); or the name of a key that has none' },
    subject: { value: '<id>', description: 'Whom the token speaks of (sub)' },
    issuer: { value: '<url>', description: 'Who issues it (iss), as the API expects it' },
    audience: { value: '<name>', description: 'Which API it is for (aud), as the API expects it' },
    role: { value: '<name>', repeats: true, description: 'A role; again for more' },
    permission: { value: '<name>', repeats: true, description: 'A permission; again for more' },
    scope: { value: '<name>', repeats: true, description: 'A scope; again for more' },
    client: { value: '<id>', description: 'The OAuth client: an access token of RFC 9068 (typ at+jwt)' },
    claim: { value: '<name=value>', repeats: true, description: 'Another claim: tenant=acme, groups=\'["a"]\'; again for more' },
    expires: { value: '<time>', description: "How long it lives: 30s, '15 minutes', 12h; up to a year (default: 15 minutes)" },
    json: { description: 'With its jti and its end, as JSON' },
  },
  secretMend,
  async run(values, _given, surroundings) {
    const claims = claimsIn(values)
    const lifetime = toMilliseconds('expires', optional(values, 'expires') ?? '15min') / 1000
    const { issuer, mask } = await issuerIn(values, lifetime, surroundings)
    const { token, tokenId, expiresIn, expiresAt } = orUsage(() => issuer.issue(claims))
    const end = new Date(expiresAt).toISOString()
    const output = values['json'] === undefined ? token : JSON.stringify({ token, tokenId, expiresIn, expiresAt: end }, undefined, 2)
    return { output, notes: [`Whoever has it is ${visible(mask(claims.sub))} until ${end}.`] }
  },
}

async function issuerIn(values: OptionValues, lifetime: number, surroundings: Surroundings) {
  const [issuer, audience, algorithm] = [required(values, 'issuer'), required(values, 'audience'), algorithmIn(values)]
  const given = await keysIn(values, surroundings)
  if (given === undefined) throw new UsageError('give --key-file or --key-env: the key that signs')
  const keys = given.keys.map((jwk) => completed(jwk, { algorithm, kid: given.keys.length === 1 ? optional(values, 'kid') : undefined }))
  const mask = maskOf(keys)
  const typ = values['client'] === undefined ? 'JWT' : 'at+jwt'
  const key = chosen(ownKeys(keys), optional(values, 'kid'), algorithm)
  return {
    mask,
    issuer: made(
      () => tokenIssuer({ issuer, audience, key, lifetime, typ }),
      (text) => visible(mask(text)),
    ),
  }
}

function chosen(keys: readonly [KeyOptions, ...KeyOptions[]], kid: string | undefined, algorithm: string | undefined): KeyOptions {
  const key = kid === undefined ? keys[0] : keys.find((one) => one.kid === kid)
  if (key === undefined) throw new CommandError('no key has the name that --kid says: keys inspect lists them')
  if (algorithm === undefined || key.algorithm === algorithm) return key
  throw new UsageError(`--algorithm ${algorithm} is not what the key is for: ${visible(key.algorithm)}`)
}

function made(make: () => TokenIssuer, shown: (text: string) => string): TokenIssuer {
  try {
    return make()
  } catch (thrown) {
    throw new CommandError((thrown as Error).message.split('\n').map(shown).join('\n'))
  }
}

function orUsage<T>(about: () => T): T {
  try {
    return about()
  } catch (thrown) {
    throw new UsageError((thrown as Error).message)
  }
}
