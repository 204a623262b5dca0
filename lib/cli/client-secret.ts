import { createClientSecret, hashClientSecret } from '../oauth/server/client-secret.js'
import type { Command } from './command.js'

/** Makes a secret for an OAuth client: the secret for the client, its hash for the authorization server. */
export const clientSecret: Command = {
  name: 'client-secret',
  summary: 'Make a secret for an OAuth client, and the hash of it that the server keeps',
  description: 'Prints a new secret on the first line, and below it the hash that the client has as its secretHash.',
  options: {},
  async run() {
    const secret = createClientSecret()
    return {
      output: `${secret}\n${await hashClientSecret(secret)}`,
      notes: ['The secret on the first line is shown only now: give it to the client.', 'The hash below it is what the server keeps.'],
    }
  },
}
