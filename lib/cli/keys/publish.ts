import { CommandError } from '../command.js'
import type { Command } from '../command.js'
import { readInput } from '../input.js'
import { delivered, outputOptions } from '../output-file.js'
import { algorithmIn, completed, secretMend } from './given-keys.js'
import { publicHalf, setText, soundKeys } from './key-set.js'

/** Prints what may be known of the keys of a set. */
export const keysPublish: Command = {
  name: 'keys publish',
  summary: 'Print the public halves of keys, for those who verify tokens',
  description: [
    'Prints the key set for those who verify: bearer({ jwks }), or a web server that others ask (jwksUri).',
    'It has nothing of a key but its public half, its name, its algorithm and when it was made.',
  ].join('\n'),
  examples: ['portcullis keys publish keys.json --out jwks.json --force', 'portcullis keys publish - < signing.pem'],
  arguments: [{ name: 'FILE', description: 'A key set, JWK or PEM; - is the standard input' }],
  options: {
    algorithm: { value: '<name>', description: 'The algorithm of keys that name none, such as RSA in PEM' },
    ...outputOptions,
  },
  secretMend,
  async run(values, [file = ''], surroundings) {
    const algorithm = algorithmIn(values)
    const bytes = await readInput(file, 'FILE', surroundings)
    const keys = soundKeys(bytes, 'FILE', (jwk) => completed(jwk, { algorithm }))
    const halves = keys.map(publicHalf).filter((half) => half !== undefined)
    if (halves.length < keys.length)
      throw new CommandError('FILE holds a secret: whoever verifies with it can sign, so it has nothing to publish')
    return delivered(setText(halves), values, false, [])
  },
}
