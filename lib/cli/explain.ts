import { readFileSync } from 'node:fs'
import type { ExplainCaller, ExplainedDecision, Explanation } from '../explain.js'
import { CommandError, optional, UsageError } from './command.js'
import type { Command, OptionValues } from './command.js'
import { moduleArgument, withApi } from './load-api.js'
import type { Colour, Paint } from './paint.js'
import { table } from './table.js'

/** Says what would become of a request, and which declaration says so. */
export const explain: Command = {
  name: 'explain',
  summary: 'Say what would become of a request, and which declaration says so',
  description: [
    'Goes through the protections of a route as a request would, without making it: nothing is recorded and no limit is charged.',
    'Without anything that says who asks, it is a request without credentials.',
  ].join('\n'),
  examples: [
    'portcullis explain dist/api.js GET /api/v1/orders',
    'portcullis explain dist/api.js DELETE /api/v1/orders/42 --role customer',
    'portcullis explain dist/api.js POST /api/v1/orders --permission orders:write --subject alice',
    'portcullis explain dist/api.js GET /tenants/acme/orders --as caller.json --json',
  ],
  arguments: [
    moduleArgument,
    { name: 'METHOD', description: 'GET, POST …' },
    { name: 'PATH', description: 'As a client would write it: /api/v1/orders/42?expand=items' },
  ],
  options: {
    as: { value: '<file>', description: 'Who asks: a JSON file such as { "id": "alice", "roles": ["customer"] }' },
    subject: { value: '<id>', description: 'Who asks, by id' },
    permission: { value: '<name>', repeats: true, description: 'What the caller may, instead of what its roles say; again for more' },
    role: { value: '<name>', repeats: true, description: 'A role of the caller; again for more' },
    scope: { value: '<name>', repeats: true, description: 'A scope of the token; again for more' },
    header: { value: '<name: value>', repeats: true, description: 'A header of the request; again for more' },
    json: { description: 'As JSON' },
  },
  async run(values, [file = '', method = '', path = ''], { paint }) {
    const asked = { method: method.toUpperCase(), path, headers: headersIn(values) }
    if (!path.startsWith('/')) throw new UsageError(`PATH ${JSON.stringify(path)} does not begin with "/"`)
    const as = callerIn(values)
    const explanation = await withApi(file, (api) => api.explain(as === undefined ? asked : { ...asked, as }))
    if (values['json'] !== undefined) return { output: JSON.stringify(explanation, undefined, 2), notes: [] }
    return { output: told(`${asked.method} ${path}`, explanation, paint), notes: [] }
  },
}

function headersIn({ header = [] }: OptionValues): Readonly<Record<string, string>> {
  const pairs = header.map((text) => {
    const [, name, value] = /^([^\s:]+):\s*(.*)$/.exec(text) ?? []
    if (name === undefined || value === undefined)
      throw new UsageError(`--header ${JSON.stringify(text)} is no header: write 'X-Tenant: acme'`)
    return [name.toLowerCase(), value] as const
  })
  return Object.fromEntries(pairs)
}

/** What the options say counts before what the file says. */
function callerIn(values: OptionValues): ExplainCaller | undefined {
  const file = optional(values, 'as')
  const id = optional(values, 'subject')
  const said = {
    ...(id === undefined ? {} : { id }),
    ...(values['permission'] === undefined ? {} : { permissions: values['permission'] }),
    ...(values['role'] === undefined ? {} : { roles: values['role'] }),
    ...(values['scope'] === undefined ? {} : { scopes: values['scope'] }),
  }
  if (file === undefined) return Object.keys(said).length === 0 ? undefined : said
  return { ...readCaller(file), ...said }
}

const lists: ReadonlySet<string> = new Set(['permissions', 'roles', 'scopes', 'grants'])

function readCaller(file: string): ExplainCaller {
  const caller = parsed(file)
  if (typeof caller !== 'object' || caller === null || Array.isArray(caller))
    throw new CommandError(`${file} holds no caller: write an object`)
  for (const [name, value] of Object.entries(caller)) {
    const isRight = !lists.has(name) || (Array.isArray(value) && value.every((one) => typeof one === 'string'))
    if (!isRight) throw new CommandError(`${file}: ${name} is no list of texts`)
  }
  return caller
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (thrown) {
    throw new CommandError(`${file} cannot be read: ${(thrown as Error).message}`)
  }
}

const outcomes: Readonly<Record<Explanation['outcome'], Colour>> = { allowed: 'green', refused: 'red', depends: 'yellow' }
const verdicts: Readonly<Record<ExplainedDecision['decision'], Colour>> = { allows: 'green', refuses: 'red', depends: 'yellow' }

function told(request: string, { route, outcome, status, decisions }: Explanation, paint: Paint): string {
  const verdict = `${outcome}${status === undefined ? '' : ` with ${status}`}`
  const first = `${request}: ${paint(outcomes[outcome], verdict)}${route === undefined ? ', by no route' : `, by ${route}`}`
  if (decisions.length === 0) return first
  const rows = decisions.map(({ decision, phase, protection, because, declared }) => [
    decision,
    phase,
    protection,
    because,
    declared.join(', '),
  ])
  const painted = table([['', 'PHASE', 'PROTECTION', 'BECAUSE', 'DECLARED BY'], ...rows], (cell, row, column) => {
    const one = decisions[row - 1]
    if (one === undefined) return paint('dim', cell)
    return column === 0 ? paint(verdicts[one.decision], cell) : cell
  })
  return `${first}\n\n${painted}`
}
