import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'chai'
import { description, openOrders } from '../../examples/orders/app.js'
import { createLogger } from '../../lib/index.js'
import type { JsonSchema } from '../../lib/index.js'
import { openApiDocument } from '../../lib/openapi.js'
import type { OpenApiDocument } from '../../lib/openapi.js'
import type { WireAnswer } from '../adapters/wire.js'
import type { Case } from '../examples/case.js'
import { objectCases } from '../examples/object-cases.js'
import { creationCases, listCases } from '../examples/order-cases.js'
import { searchCases } from '../examples/other-cases.js'
import { sessionCases } from '../examples/session-cases.js'
import { logIn, startWorld } from '../examples/world.js'
import type { World } from '../examples/world.js'
import { complaintsAbout } from './lint.js'

interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> }
  readonly responses: Readonly<Record<string, JsonSchema>>
}

/** Complaints that are right about many an API and not about this one. */
const exceptions: ReadonlyArray<readonly [rule: RegExp, place: RegExp, why: string]> = [
  [/write-restricted/, /\/login\/post/, 'whoever logs in has no token yet'],
  [/short-lived-access-tokens/, /clientCredentials/, 'a client asks again instead of refreshing (RFC 6749 §4.4.3)'],
  [/define-cors-origin/, /./, 'no page of another origin may read it, so that the header is not sent'],
  [/string-limit/, /responses|components\/(?:headers|schemas\/(?:\w+View|Problem))/, 'how long a text is that leaves, nobody checks'],
  [/array-limit/, /responses|components\/schemas\/\w+View/, 'how long a list is that leaves, nobody checks'],
  [/string-limit/, /(?:product_id|zip)$/, 'their patterns say how long they are'],
]

describe('the OpenAPI document of the orders API', () => {
  it('has no errors for the linters of OpenAPI and of the OWASP API Security Top 10', async () => {
    const url = 'https://orders.example'
    const app = await openOrders({ url, logger: createLogger({ silent: true }) })
    const document = openApiDocument(app.api, { ...description, servers: [{ url, 'x-internal': false }] })
    await app.close()
    const complaints = await complaintsAbout(document)
    const isExcused = ({ rule, place }: (typeof complaints)[number]) => exceptions.some(([name, at]) => name.test(rule) && at.test(place))
    expect(complaints.filter((one) => !isExcused(one))).to.deep.equal([])
    // An exception that nothing needs any more would hide what comes later.
    for (const [name, at, why] of exceptions)
      expect(
        complaints.some(({ rule, place }) => name.test(rule) && at.test(place)),
        why,
      ).to.equal(true)
  })

  it('is found wrong where something is', async () => {
    const broken = { openapi: '3.1.1', info: { title: 'A' }, paths: { '/a/{id}': { get: { responses: {} } } } }
    const rules = (await complaintsAbout(broken)).map(({ rule }) => rule)
    expect(rules).to.include.members(['oas3-schema', 'path-params'])
  })

  describe('is true of every request and answer', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    let world: World
    let document: OpenApiDocument

    before(async () => {
      world = await startWorld('http')
      await logIn(world)
      const answer = await world.call({ request: 'GET /openapi.json' })
      expect([answer.status, answer.header('content-type')]).to.deep.equal([200, 'application/json'])
      document = JSON.parse(answer.body) as OpenApiDocument
    })

    after(() => world.close())

    const resolved = (part: JsonSchema): JsonSchema => {
      const { $ref } = part
      if (typeof $ref !== 'string') return part
      return $ref
        .slice(2)
        .split('/')
        .reduce<JsonSchema>((at, key) => at[key] as JsonSchema, document as unknown as JsonSchema)
    }
    const problemsOf = (schema: JsonSchema, value: unknown) => {
      const validate = ajv.compile({ ...schema, components: document.components })
      return validate(value) ? undefined : ajv.errorsText(validate.errors)
    }

    function operationOf(line: string): Operation | undefined {
      const [method = '', target = ''] = line.split(' ')
      const [path = ''] = target.split('?')
      const matches = (template: string) => new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path)
      const template = Object.keys(document.paths)
        .toSorted((one) => (one.includes('{') ? 1 : -1))
        .find(matches)
      const item = template === undefined ? undefined : document.paths[template]
      return item?.[method.toLowerCase()] as Operation | undefined
    }

    function checkAnswer({ responses }: Operation, { status, body, header }: WireAnswer): void {
      const known = responses[status] ?? (status < 300 ? responses['2XX'] : undefined) ?? responses['default']
      const { headers, content = {} } = resolved(known!) as {
        headers: JsonSchema
        content?: Readonly<Record<string, { schema: JsonSchema }>>
      }
      expect(Object.keys(headers)).to.include('X-Request-Id')
      const [type] = (header('content-type') ?? '').split(';')
      // What a handler without @Returns answers, the document does not know.
      const described = content[type ?? '']
      if (status >= 300) expect(described, `${status} as ${type}`).not.to.equal(undefined)
      if (described !== undefined && body !== '') expect(problemsOf(described.schema, JSON.parse(body))).to.equal(undefined)
      if (status === 401) expect(Object.keys(headers), 'a 401').to.include('WWW-Authenticate')
    }

    function checkBody({ requestBody }: Operation, { body, status, errors = [] }: Case): void {
      const described = requestBody?.content['application/json']
      if (described === undefined || body === undefined) return
      const found = problemsOf(described.schema, JSON.parse(JSON.stringify(body)))
      if (status < 300) expect(found).to.equal(undefined)
      const isOfRules = status === 422 && errors.some((path) => path !== '')
      if (isOfRules) expect(found, 'a body that its rules refuse').not.to.equal(undefined)
    }

    for (const one of [...sessionCases, ...creationCases, ...listCases, ...objectCases, ...searchCases]) {
      it(`${one.claim}: ${one.status}`, async () => {
        const answer = await world.call(one)
        if (one.saves !== undefined) world.ids.set(one.saves, (JSON.parse(answer.body) as { id: string }).id)
        one.check?.(JSON.parse(answer.body === '' ? '{}' : answer.body) as never, answer, world)
        const operation = operationOf(one.request)
        if (operation === undefined) {
          expect([404, 405], one.request).to.include(answer.status)
          return
        }
        expect(answer.status).to.equal(one.status)
        // What a public route throws by itself is any other problem.
        if (operation.responses[answer.status] !== undefined || answer.status < 300) checkAnswer(operation, answer)
        checkBody(operation, one)
      })
    }
  })
})
