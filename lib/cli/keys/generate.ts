import { createPrivateKey } from 'node:crypto'
import { familyOf } from '../../authentication/algorithms.js'
import type { Algorithm } from '../../authentication/algorithms.js'
import type { Jwk } from '../../authentication/key-material.js'
import { UsageError, optional } from '../command.js'
import type { Command } from '../command.js'
import { delivered, outputOptions } from '../output-file.js'
import { algorithmIn } from './given-keys.js'
import { setText } from './key-set.js'
import { makeKey } from './maker.js'

const formats: ReadonlyMap<string, (jwk: Jwk, algorithm: Algorithm) => string> = new Map([
  ['jwks', (jwk) => setText([jwk])],
  ['jwk', (jwk) => JSON.stringify(jwk)],
  ['pem', toPem],
  ['text', toText],
])

/** Makes a key that signs tokens. */
export const keysGenerate: Command = {
  name: 'keys generate',
  summary: 'Make a key that signs tokens: a private key, or a secret',
  description: [
    'Prints a new key that signs tokens, for whoever issues them alone. It is shown only now.',
    'As a key set it is what keysOfSet reads, keys rotate changes, and keys publish takes the public halves out of.',
  ].join('\n'),
  examples: [
    'portcullis keys generate --out keys.json',
    'portcullis keys generate --algorithm EdDSA --format pem --out signing.pem',
    'portcullis keys generate --algorithm HS256 --format text',
  ],
  options: {
    algorithm: {
      value: '<name>',
      description: 'HS256, RS256, PS256, ES256, EdDSA, or one of 384 or 512 (default: ES256)',
    },
    kid: { value: '<text>', description: 'The name of the key (default: its thumbprint, RFC 7638; random for a secret)' },
    format: { value: '<name>', description: 'jwks, jwk (one line), pem (key pairs), text (secrets, base64url) (default: jwks)' },
    ...outputOptions,
  },
  async run(values) {
    const algorithm = algorithmIn(values) ?? 'ES256'
    const format = optional(values, 'format') ?? 'jwks'
    const written = formats.get(format)
    if (written === undefined) throw new UsageError(`--format ${JSON.stringify(format)} is none of ${[...formats.keys()].join(', ')}`)
    const jwk = await makeKey({ algorithm, kid: optional(values, 'kid'), issuedAt: Math.floor(Date.now() / 1000) })
    return delivered(written(jwk, algorithm), values, true, [notice(jwk, algorithm)])
  },
}

function notice(jwk: Jwk, algorithm: Algorithm): string {
  const keep = `The key ${JSON.stringify(jwk['kid'])} is secret: keep it where secrets are kept.`
  return familyOf(algorithm) === 'secret' ? keep : `${keep} keys publish prints its public half, for those who verify.`
}

function toPem(jwk: Jwk, algorithm: Algorithm): string {
  if (familyOf(algorithm) === 'secret')
    throw new UsageError(`--format pem is for key pairs: ${algorithm} has a secret, as text, jwk or jwks`)
  return createPrivateKey({ key: jwk, format: 'jwk' }).export({ type: 'pkcs8', format: 'pem' }).toString().trimEnd()
}

function toText({ k }: Jwk, algorithm: Algorithm): string {
  if (typeof k !== 'string') throw new UsageError(`--format text is for secrets: ${algorithm} has a key pair, as pem, jwk or jwks`)
  return k
}
