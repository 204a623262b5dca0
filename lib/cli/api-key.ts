import { createApiKey } from '../authentication/api-key.js'
import type { ApiKeyOptions, CreatedApiKey } from '../authentication/api-key.js'
import { UsageError, optional, required } from './command.js'
import type { Command, OptionValues } from './command.js'
import { toMilliseconds } from './lifetime.js'

/** Makes an API key: the key for its owner, the record for the API. */
export const apiKey: Command = {
  name: 'api-key',
  summary: 'Make an API key, and the record of it that the API keeps',
  description: [
    'Prints a new API key on the first line, and below it its record, as JSON, for the store that apiKeys asks.',
    'The record does not hold the key.',
  ].join('\n'),
  options: {
    owner: { value: '<id>', description: 'Whom the key speaks for' },
    scope: { value: '<scope>', repeats: true, description: 'What the key may be used for; give it again for more' },
    prefix: { value: '<text>', description: "What the key begins with (default: 'pk')" },
    expires: { value: '<time>', description: 'After which time the key is worth nothing: 12h, 90d, 52w (default: never)' },
    name: { value: '<text>', description: 'What people call the key' },
  },
  run(values) {
    const { key, record } = create(values, Date.now())
    const end = record.expiresAt === undefined ? 'It does not expire.' : `It expires at ${new Date(record.expiresAt).toISOString()}.`
    return {
      output: `${key}\n${JSON.stringify(record, undefined, 2)}`,
      notes: [`The key on the first line is shown only now: give it to its owner. ${end}`, 'The record below it is what the API keeps.'],
    }
  },
}

function create(values: OptionValues, now: number): CreatedApiKey {
  const expires = optional(values, 'expires')
  const options: ApiKeyOptions = {
    owner: required(values, 'owner'),
    scopes: values['scope'] ?? [],
    prefix: optional(values, 'prefix') ?? 'pk',
    name: optional(values, 'name'),
    expiresAt: expires === undefined ? undefined : now + toMilliseconds('expires', expires),
    clock: { now: () => now },
  }
  if (options.scopes.length === 0) throw new UsageError('--scope is missing: a key without scopes may nothing')
  try {
    return createApiKey(options)
  } catch (thrown) {
    throw new UsageError((thrown as Error).message)
  }
}
