// What a contender must do right before anything of it is measured.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { goodOrder } from './bodies.js'
import { ordersPath, securityHeaders, users, usersPath } from './contract.js'
import type { Contender } from './contenders.js'
import { start } from './contender-process.js'
import { tokenWith } from './requests.js'

interface Question {
  readonly name: string
  readonly path?: string
  /** Undefined: none is sent. */
  readonly token?: string | undefined
  /** A text is sent as it is, anything else as JSON. */
  readonly body?: unknown
  readonly statuses: readonly number[]
}

const refused = [400, 422]
const [firstItem] = goodOrder.items
const itemOf = (changes: object) => ({ items: [{ ...firstItem, ...changes }] })
const addressOf = (changes: object) => ({ address: { ...goodOrder.address, ...changes } })

const wrongBodies: Readonly<Record<string, object>> = {
  'an unknown property': { margin: 1 },
  'an unknown nested property': addressOf({ floor: 1 }),
  'an unknown property of an item': itemOf({ price: 0 }),
  'a product of another form': { product_id: 'abcd1234' },
  'a product that is no text': { product_id: 12345678 },
  'no product': { product_id: undefined },
  'a quantity of 0': { quantity: 0 },
  'a quantity of 1001': { quantity: 1001 },
  'half a piece': { quantity: 1.5 },
  'a quantity in quotes': { quantity: '3' },
  'a note that is too long': { note: 'a'.repeat(501) },
  'a note that is no text': { note: 1 },
  'no address': { address: undefined },
  'an address that is a text': { address: '12 Harbour Road' },
  'no city': addressOf({ city: '' }),
  'a postcode of another form': addressOf({ zip: '1/2' }),
  'no items': { items: [] },
  'items that are no list': { items: firstItem },
  'too many items': { items: Array.from({ length: 51 }, () => firstItem) },
  'an item of another form': itemOf({ sku: 'a' }),
  'none of an item': itemOf({ qty: 0 }),
}

function questions(): readonly Question[] {
  const good = tokenWith({})
  const order = (name: string, statuses: readonly number[], token: string | undefined, body: unknown = goodOrder): Question => {
    return { name, statuses, token, body }
  }
  const [head, , signature] = good.split('.')
  const claims = Buffer.from(JSON.stringify({ sub: 'u1', permissions: ['orders:write'] })).toString('base64url')
  return [
    order('an order', [201], good),
    order('the same token again', [201], good),
    order('an order without a note', [201], good, { ...goodOrder, note: undefined }),
    { name: 'the users', path: usersPath, token: good, statuses: [200] },
    order('no token', [401], undefined),
    order('a token with another signature', [401], `${good.slice(0, -6)}AAAAAA`),
    order('a token with other claims', [401], `${head}.${claims}.${signature}`),
    order('a token signed by somebody else', [401], tokenWith({}, {}, 'somebody else signs with this, and nobody knows')),
    order('an unsigned token', [401], `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${good.split('.')[1]}.`),
    order('an expired token', [401], tokenWith({}, { expiresIn: -10 })),
    order('a token for another audience', [401], tokenWith({}, { audience: 'https://other.example.com' })),
    order('a token of another issuer', [401], tokenWith({}, { issuer: 'https://other.example.com/' })),
    order('a token without the permission', [403], tokenWith({ permissions: ['admin:read'] })),
    { name: 'the users, without the permission', path: usersPath, token: tokenWith({ permissions: ['orders:write'] }), statuses: [403] },
    ...Object.entries(wrongBodies).map(([name, changes]) => order(name, refused, good, { ...goodOrder, ...changes })),
    order('a body that is no JSON', refused, good, '{"product_id":'),
    order('a list for a body', refused, good, [goodOrder]),
    order('a body that is too large', [413], good, { ...goodOrder, note: 'a'.repeat(200_000) }),
  ]
}

/** What a contender does wrong: nothing, where it may be measured. */
export async function problemsOf(contender: Contender): Promise<readonly string[]> {
  const order: Question = { name: 'an order', token: tokenWith({}), body: goodOrder, statuses: [201] }
  const tooMany: Question = { ...order, name: 'one too many', statuses: [429] }
  try {
    const found = await Promise.all([
      problemsOfAnswers(contender, {}, questions()),
      problemsOfAnswers(contender, { RATE_MINUTE: '2' }, [order, order, tooMany]),
      problemsOfAnswers(contender, { RATE_HOUR: '2' }, [order, order, tooMany]),
    ])
    return found.flat()
  } catch (error) {
    return [String(error)]
  }
}

/** Asks a server of its own one question after the other, and looks at what it logged when it has ended. */
async function problemsOfAnswers(
  contender: Contender,
  limits: Readonly<Record<string, string>>,
  asked: readonly Question[],
): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-checklist-'))
  const log = join(folder, 'log')
  try {
    const server = await start(contender, { env: { ...limits, LOG_FILE: log } })
    const answered: number[] = []
    const problems: string[] = []
    try {
      for (const question of asked) problems.push(...(await problemsOfAnswer(server.port, question, answered)))
    } finally {
      await server.stop()
    }
    return [...problems, ...(existsSync(log) ? problemsOfLog(readFileSync(log, 'utf8'), answered) : ['there is no log'])]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function problemsOfAnswer(port: number, question: Question, answered: number[]): Promise<readonly string[]> {
  const { name, path = ordersPath, token, body, statuses } = question
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      cookie: 'session=hidden-cookie',
      'x-api-key': 'hidden-key',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  answered.push(response.status)
  if (!statuses.includes(response.status)) return [`${name}: ${response.status}, not ${statuses.join(' or ')}`]
  return [...problemsOfHeaders(response.headers), ...(response.ok ? problemsOfContent(path, text) : [])].map((one) => `${name}: ${one}`)
}

function problemsOfHeaders(headers: Headers): readonly string[] {
  const missing = Object.entries(securityHeaders).filter(([name, value]) => canonical(headers.get(name)) !== canonical(value))
  return missing.map(([name]) => `the header ${name} is not as it should be`)
}

function canonical(value: string | null): string | undefined {
  return value?.replaceAll('; ', ';')
}

function problemsOfContent(path: string, text: string): readonly string[] {
  const content = JSON.parse(text) as { readonly id?: unknown; readonly status?: unknown; readonly total?: unknown }
  const isRight =
    path === usersPath
      ? JSON.stringify(content) === JSON.stringify({ users })
      : typeof content.id === 'string' && content.status === 'created' && content.total === 4500
  return isRight ? [] : [`answers ${text}`]
}

/** The words under which the loggers of contenders tell the same. */
interface Line {
  readonly method?: unknown
  readonly path?: unknown
  readonly status?: unknown
  readonly duration?: unknown
  readonly duration_ms?: unknown
  readonly ip?: unknown
  readonly address?: unknown
  readonly subject?: unknown
  readonly principal_id?: unknown
  readonly headers?: Readonly<Record<string, unknown>>
}

function problemsOfLog(text: string, answered: readonly number[]): readonly string[] {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
    .filter(({ status }) => status !== undefined)
  const problems: string[] = []
  const statuses = lines.map(({ status }) => status).join(' ')
  if (statuses !== answered.join(' ')) problems.push(`the log tells of ${statuses}, and not of ${answered.join(' ')}`)
  if (!lines.every(isWhole)) problems.push('a line of the log lacks something')
  if (!lines.every(({ headers }) => headers?.['cookie'] !== undefined)) problems.push('a line of the log lacks the headers')
  if (/hidden-|eyJ/.test(text)) problems.push('the log holds a secret')
  return problems
}

function isWhole(line: Line): boolean {
  const { method, path, status, duration = line.duration_ms, ip = line.address, subject = line.principal_id } = line
  // Some read the body before they ask who calls.
  const isKnown = typeof subject === 'string' || [400, 401, 413, 429].includes(Number(status))
  return [typeof method, typeof path, typeof duration, typeof ip].join() === 'string,string,number,string' && isKnown
}
