import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { UsageError, optional } from './command.js'
import type { Command } from './command.js'

interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** RSA of 3,072 bits is as strong as the curves; what 2,048 gives is not (ASVS 11.2.3). */
const makers: ReadonlyMap<string, () => Pair> = new Map([
  ['ES256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['RS256', () => generateKeyPairSync('rsa', { modulusLength: 3_072 })],
  ['PS256', () => generateKeyPairSync('rsa', { modulusLength: 3_072 })],
  ['EdDSA', () => generateKeyPairSync('ed25519')],
])

/** Makes a key that signs tokens. */
export const keyPair: Command = {
  name: 'key-pair',
  summary: 'Make a private key that signs tokens, and its public half',
  description: [
    'Prints a new private key, an empty line, and its public half as a JWK.',
    'The private key is for whoever issues tokens alone, the public half for everybody.',
  ].join('\n'),
  options: {
    algorithm: { value: '<name>', description: `${[...makers.keys()].join(', ')} (default: ES256)` },
    kid: { value: '<text>', description: 'The name of the key (default: its thumbprint, RFC 7638)' },
    format: { value: '<name>', description: 'The form of the private key: pem, or jwk on one line (default: pem)' },
  },
  async run(values) {
    const algorithm = optional(values, 'algorithm') ?? 'ES256'
    const format = optional(values, 'format') ?? 'pem'
    const make = makers.get(algorithm)
    if (make === undefined) throw new UsageError(`--algorithm ${JSON.stringify(algorithm)} is none of ${[...makers.keys()].join(', ')}`)
    if (format !== 'pem' && format !== 'jwk') throw new UsageError(`--format ${JSON.stringify(format)} is neither pem nor jwk`)
    const { privateKey, publicKey } = make()
    const jwk = publicKey.export({ format: 'jwk' })
    const facts = { kid: optional(values, 'kid') ?? (await calculateJwkThumbprint(jwk)), alg: algorithm, use: 'sig' }
    const secret = format === 'pem' ? toPem(privateKey) : JSON.stringify({ ...privateKey.export({ format: 'jwk' }), ...facts })
    return {
      output: `${secret}\n\n${JSON.stringify({ ...jwk, ...facts }, undefined, 2)}`,
      notes: ['The private key is shown only now: keep it where secrets are kept. The JWK below it is public.'],
    }
  },
}

function toPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString().trimEnd()
}
