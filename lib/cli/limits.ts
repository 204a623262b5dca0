import type { Api } from '../api.js'
import type { LimitSelection, LimitSubject, LimitUse } from '../rate-limit/administration.js'
import { CommandError, optional, UsageError } from './command.js'
import type { Command, OptionValues } from './command.js'
import { moduleArgument, withApi } from './load-api.js'
import { table } from './table.js'

const options: Command['options'] = {
  address: { value: '<address>', description: 'Whom: an IP address' },
  principal: { value: '<id>', description: 'Whom: a caller, by id; --issuer says whose' },
  tenant: { value: '<name>', description: 'Whom: all callers of a tenant' },
  'api-key': { value: '<id>', description: 'Whom: an API key, by its id' },
  key: { value: '<text>', description: 'Whom: what a function of the API counts by' },
  issuer: { value: '<url>', description: 'The issuer of the caller or the API key' },
  route: { value: '<name>', description: 'Only the limits of this handler: OrdersController.create' },
}

/** Says what the limits of an API have counted for somebody. */
export const limitsShow: Command = {
  name: 'limits show',
  summary: 'Show what the limits of an API have counted for somebody',
  description: [
    'Prints what the limits have counted for an address, a caller, a tenant or an API key. Charges nothing.',
    'It asks the store that the API of the module counts in: Redis or PostgreSQL, not the memory of a process.',
  ].join('\n'),
  examples: [
    'portcullis limits show dist/api.js --address 203.0.113.7',
    'portcullis limits show src/api.ts --principal alice --issuer https://auth.example.com/ --json',
  ],
  arguments: [moduleArgument],
  options: { ...options, all: { description: 'Those too that have counted nothing' }, json: { description: 'As JSON' } },
  async run(values, [file = '']) {
    const uses = await ask(file, values, ({ limits }, subject, selection) => limits.read(subject, selection))
    const shown = values['all'] === undefined ? uses.filter(hasCounted) : uses
    if (values['json'] !== undefined) return { output: JSON.stringify(shown, undefined, 2), notes: [] }
    if (shown.length === 0) return { output: '', notes: [`None of ${uses.length} limits has counted anything for it.`] }
    return { output: table([['LIMIT', 'NAME', 'LEFT', 'ALL IN', 'PENALTY', 'ROUTES'], ...shown.map(row)]), notes: [] }
  },
}

/** Forgets what the limits of an API have counted for somebody. */
export const limitsReset: Command = {
  name: 'limits reset',
  summary: 'Forget what the limits of an API have counted for somebody',
  description: [
    'Lets somebody in again: forgets counts and penalties.',
    'Running processes remember a refusal of their own for up to a second, and a penalty for up to ten.',
  ].join('\n'),
  examples: ['portcullis limits reset dist/api.js --address 203.0.113.7 --route LoginController.login'],
  arguments: [moduleArgument],
  options,
  async run(values, [file = '']) {
    await ask(file, values, ({ limits }, subject, selection) => limits.reset(subject, selection))
    return { output: '', notes: ['Forgotten.'] }
  },
}

async function ask<T>(
  file: string,
  values: OptionValues,
  about: (api: Api, subject: LimitSubject, selection: LimitSelection) => Promise<T>,
): Promise<T> {
  const subject = subjectIn(values)
  const route = optional(values, 'route')
  return withApi(file, async (api) => {
    try {
      return await about(api, subject, route === undefined ? {} : { route })
    } catch (thrown) {
      const { message, cause } = thrown as Error
      throw new CommandError(cause instanceof Error ? `${message} (${cause.message})` : message, { cause: thrown })
    }
  })
}

function subjectIn(values: OptionValues): LimitSubject {
  const [address, id, tenant, apiKey, key, issuer] = ['address', 'principal', 'tenant', 'api-key', 'key', 'issuer'].map((name) =>
    optional(values, name),
  )
  const subjects: LimitSubject[] = [
    ...(address === undefined ? [] : [{ address }]),
    ...(id === undefined ? [] : [{ principal: { id, issuer } }]),
    ...(tenant === undefined ? [] : [{ tenant }]),
    ...(apiKey === undefined ? [] : [issuer === undefined ? { apiKey } : { apiKey, issuer }]),
    ...(key === undefined ? [] : [{ key }]),
  ]
  const [subject] = subjects
  if (subject !== undefined && subjects.length === 1) return subject
  throw new UsageError(`say whom, ${subjects.length === 0 ? 'by' : 'by only'} one of --address, --principal, --tenant, --api-key and --key`)
}

function hasCounted({ reset, penalty }: LimitUse): boolean {
  return reset > 0 || penalty > 0
}

function row({ limit, name, remaining, reset, penalty, routes }: LimitUse): readonly string[] {
  const shown = routes.length > 3 ? `${routes.slice(0, 3).join(', ')} and ${routes.length - 3} more` : routes.join(', ')
  return [limit, name, String(remaining), seconds(reset), penalty === 0 ? '' : seconds(penalty), shown]
}

function seconds(milliseconds: number): string {
  return `${Math.ceil(milliseconds / 1_000)} s`
}
