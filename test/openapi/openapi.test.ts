import { generateKeyPairSync } from 'node:crypto'
import { IsInt, IsString } from 'class-validator'
import { type } from 'arktype'
import { expect } from 'chai'
import * as valibot from 'valibot'
import { z } from 'zod'
import {
  Authenticated,
  Authorize,
  Concurrency,
  Consumes,
  Controller,
  Delete,
  Expose,
  Get,
  Post,
  Public,
  RateLimit,
  RequirePermission,
  RequireRole,
  RequireScope,
  Returns,
  Tenant,
  Validate,
  Visible,
  WithoutCors,
  apiKeys,
  apiKeysOf,
  bearer,
  createApi,
  createLogger,
  protection,
} from '../../lib/index.js'
import type { ApiOptions, JsonSchema, OperationDraft } from '../../lib/index.js'
import { authorizationServer, oauthLogin } from '../../lib/oauth.js'
import { Describe, openApi, openApiDocument } from '../../lib/openapi.js'
import type { OpenApiDocument } from '../../lib/openapi.js'
import { documentIdempotency } from '../../lib/openapi/idempotency.js'
import { Draft } from '../../lib/openapi/draft.js'
import { Components } from '../../lib/openapi/components.js'
import { wire, request } from '../adapters/wire.js'
import { serve } from '../../adapters/http.js'
import { http } from '../../adapters/http.js'

const info = { title: 'Test', version: '1' }
const secret = 'ruq8Vb2LwZ0nXk5TcY7sJm4GdHf9Pe1A'
const issuer = 'https://auth.example.com'
const tokens = { issuer, audience: 'https://api.example.com', keys: [{ algorithm: 'HS256', secret }] } as const

function documentOf(options: Partial<ApiOptions> & Pick<ApiOptions, 'controllers'>): OpenApiDocument {
  const api = createApi({
    https: 'off',
    logger: createLogger({ silent: true }),
    audit: { sinks: [] },
    authentication: bearer(tokens),
    ...options,
  })
  const document = openApiDocument(api, { info })
  void api.close()
  return document
}

interface Told {
  readonly operationId: string
  readonly description: string
  readonly tags: readonly string[]
  readonly parameters: ReadonlyArray<{ name: string; in: string; required?: true; schema: JsonSchema }>
  readonly requestBody: { required: boolean; content: Readonly<Record<string, { schema: JsonSchema }>> }
  readonly responses: Readonly<Record<string, { readonly $ref?: string; readonly content?: unknown; readonly headers?: object }>>
  readonly security: readonly unknown[]
  readonly [name: string]: unknown
}

const operation = (document: OpenApiDocument, path: string, method = 'get') => document.paths[path]?.[method] as unknown as Told
const component = (document: OpenApiDocument, sort: string, name: string) =>
  (document.components as Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>)[sort]?.[name]
const codesOf = (document: OpenApiDocument, path: string, method = 'get') =>
  Object.entries(operation(document, path, method).responses).map(([status, { $ref }]) =>
    `${status} ${$ref?.split('/').at(-1) ?? ''}`.trim(),
  )

describe('an OpenAPI document', () => {
  it('tells of a public route that nothing is needed, and of every other what is', () => {
    @Controller('/things')
    class Things {
      @Get('/') @Public() all() {}
      @Get('/own') @Authenticated() own() {}
      @Post('/') @RequirePermission('things:write') @RequireScope('a', 'b', { mode: 'any' }) @RequireRole('editor') add() {}
    }
    const document = documentOf({ controllers: [Things] })
    expect(operation(document, '/things').security).to.deep.equal([])
    expect(operation(document, '/things/own').security).to.deep.equal([{ bearer: [] }])
    const { security, ...told } = operation(document, '/things', 'post')
    expect(security).to.deep.equal([{ bearer: ['things:write', 'editor', 'a'] }, { bearer: ['things:write', 'editor', 'b'] }])
    expect(told['x-permissions']).to.deep.equal([{ names: ['things:write'], mode: 'all' }])
    expect(told['x-scopes']).to.deep.equal([{ names: ['a', 'b'], mode: 'any' }])
    expect(told['x-roles']).to.deep.equal([{ names: ['editor'], mode: 'any' }])
    expect(told.description).to.include('It needs the permission `things:write`.').and.to.include('It needs the scope `a` or `b`.')
    expect(codesOf(document, '/things', 'post')).to.deep.equal([
      '400 malformed-request',
      '401 invalid-token.unauthenticated',
      '403 permission-denied',
      '413 payload-too-large',
      '500 internal-error',
      '503 timeout.unavailable',
      '2XX',
      'default problem',
    ])
    expect(codesOf(document, '/things')).not.to.include('401 invalid-token.unauthenticated')
    expect(component(document, 'responses', 'invalid-token.unauthenticated')).to.have.nested.property('headers.WWW-Authenticate')
  })

  it('tells what is asked of the login of a user', () => {
    @Controller('/things')
    @Authenticated({ acr: ['gold', 'silver'] })
    class Things {
      @Get('/') @Authenticated({ amr: ['otp', 'pwd'], maxAge: '5 min' }) all() {}
      @Get('/open') @Public() open() {}
      @Get('/kind') kind() {}
    }
    const document = documentOf({ controllers: [Things] })
    const told = operation(document, '/things')
    expect(told['x-login']).to.deep.equal({ acr: ['gold', 'silver'], amr: ['otp', 'pwd'], maxAge: 300 })
    expect(told.description)
      .to.include('It needs a login with the `acr` `gold` or `silver`.')
      .and.to.include('It needs a login by `otp` and `pwd` (`amr`).')
      .and.to.include('It needs a login that is no more than 300 s ago.')
    expect(codesOf(document, '/things')).to.include('401 insufficient-user-authentication.invalid-token.unauthenticated')
    expect(operation(document, '/things/kind')['x-login']).to.deep.equal({ acr: ['gold', 'silver'] })
    expect(operation(document, '/things/open')).not.to.have.property('x-login')
  })

  it('tells of every way to make oneself known, and which server gives tokens', () => {
    @Controller('/things')
    class Things {
      @Get('/') @RequirePermission('things:read') all() {}
      @Get('/secret') @RequirePermission('things:secret') secret() {}
      @Post('/') @Authenticated() add() {}
    }
    const { privateKey } = { privateKey: secret }
    const login = oauthLogin({
      ...{ issuer: 'https://login.example.com', client: { id: 'shop', secret: privateKey }, origin: 'https://shop.example.com' },
    } as never)
    const keys = apiKeys({ store: apiKeysOf([]), header: 'X-Key' })
    const document = documentOf({
      controllers: [Things],
      authentication: [bearer({ ...tokens, dpop: { origin: 'https://api.example.com' } }), keys],
    })
    expect(operation(document, '/things').security).to.deep.equal([
      { bearer: ['things:read'] },
      { dpop: ['things:read'] },
      { apiKey: ['things:read'] },
      { apiKeyBearer: ['things:read'] },
    ])
    expect(component(document, 'securitySchemes', 'apiKey')).to.include({ type: 'apiKey', in: 'header', name: 'X-Key' })
    expect(component(document, 'securitySchemes', 'bearer')).to.include({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
    expect(component(document, 'securitySchemes', 'dpop')).to.include({ type: 'http', scheme: 'DPoP' })
    expect(codesOf(document, '/things')).to.include('401 invalid-proof.invalid-token.unauthenticated')
    expect(login.authentication.schemes?.[0]?.scheme).to.include({ type: 'apiKey', in: 'cookie' })
  })

  it('offers tokens of an authorization server for what its scopes open, and leaves its endpoints out', () => {
    @Controller('/things')
    class Things {
      @Get('/') @RequirePermission('things:read') all() {}
      @Get('/secret') @RequirePermission('things:secret') secret() {}
    }
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const server = authorizationServer({
      issuer,
      keys: [{ kid: '1', algorithm: 'ES256', privateKey }],
      clients: [],
      resources: { 'https://api.example.com': { 'things:read': 'See things' } },
    })
    const document = documentOf({ controllers: [Things, server] })
    expect(Object.keys(document.paths)).to.deep.equal(['/things', '/things/secret'])
    expect(operation(document, '/things').security).to.deep.equal([{ bearer: ['things:read'] }, { oauth2: ['things:read'] }])
    expect(operation(document, '/things/secret').security).to.deep.equal([{ bearer: ['things:secret'] }])
    expect(component(document, 'securitySchemes', 'oauth2')).to.deep.include({ type: 'oauth2' })
    expect(component(document, 'securitySchemes', 'oauth2')).to.have.nested.property(
      'flows.clientCredentials.scopes.things:read',
      'See things',
    )
  })

  it('tells of limits, and of the fields that speak of them', () => {
    @Controller('/things')
    @Public()
    class Things {
      @Get('/') @RateLimit('10 per second; 1000 per day') all() {}
      @Post('/') @Concurrency(5) add() {}
    }
    const document = documentOf({ controllers: [Things], rateLimit: { headers: ['draft', 'x-triple'] } })
    const told = operation(document, '/things')
    expect(told['x-ratelimit']).to.deep.equal([
      {
        name: 'route',
        limits: [
          { count: 10, seconds: 1 },
          { count: 1000, seconds: 86_400 },
        ],
        by: 'address',
      },
    ])
    const fields = ['RateLimit-Policy', 'RateLimit', 'X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset']
    expect(told.responses['2XX']?.headers).to.have.all.keys('X-Request-Id', ...fields)
    const refused = component(document, 'responses', 'too-many-requests') as unknown as { headers: object }
    expect(refused.headers).to.have.all.keys('X-Request-Id', ...fields, 'Retry-After')
    const [, other] = Object.entries(component(document, 'responses', 'too-many-requests2') as unknown as { headers: object })
    expect(other?.[1]).to.have.all.keys('X-Request-Id', 'Retry-After')
    expect(operation(document, '/things', 'post')['x-concurrency']).to.deep.equal([{ most: 5, by: 'address' }])
    const off = documentOf({ controllers: [Things], rateLimit: { off: true } })
    expect(operation(off, '/things')).not.to.have.property('x-ratelimit')
  })

  it('writes paths in braces, names operations once, and takes two spellings of one path for one', () => {
    @Controller('/files')
    @Public()
    class FilesController {
      @Get('/:id') read() {}
      @Delete('/:file') remove() {}
      @Get('/:id/all/*') @Get('/:id/rest/*') rest() {}
    }
    const document = documentOf({ controllers: [FilesController] })
    expect(Object.keys(document.paths)).to.have.members(['/files/{file}', '/files/{id}/all/{rest}', '/files/{id}/rest/{rest}'])
    expect(document.paths['/files/{file}']).to.have.all.keys('get', 'delete')
    for (const method of ['get', 'delete']) {
      expect(operation(document, '/files/{file}', method).parameters.map(({ name }) => name)).to.deep.equal(['file'])
    }
    const ids = Object.values(document.paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId))
    expect(ids).to.have.members(['FilesController.read', 'FilesController.remove', 'FilesController.rest', 'FilesController.rest-2'])
    expect(operation(document, '/files/{file}').tags).to.deep.equal(['Files'])
  })

  it('takes what Standard Schemas say of themselves, and says so where one says nothing', () => {
    interface Node {
      readonly name: string
      readonly next?: Node | undefined
    }
    const node: z.ZodType<Node> = z.object({
      name: z.string(),
      get next() {
        return node.optional()
      },
    })
    @Controller('/things')
    @Public()
    class Things {
      @Post('/zod') @Validate({ body: z.object({ name: z.string().max(5) }), query: z.object({ page: z.coerce.number() }) }) zod() {}
      @Post('/tree') @Validate({ body: node }) tree() {}
      @Post('/arktype') @Validate({ body: type({ 'age?': 'number>0' }) }) arktype() {}
      @Post('/valibot') @Validate({ body: valibot.object({ a: valibot.string() }) }) valibot() {}
      @Post('/date') @Validate({ body: z.object({ day: z.date() }) }) date() {}
      @Get('/view') @Returns(z.object({ id: z.string() })) view() {
        return { id: '1' }
      }
    }
    const document = documentOf({ controllers: [Things] })
    const bodyOf = (path: string) => operation(document, path, 'post').requestBody.content['application/json']?.schema
    expect(bodyOf('/things/zod')).to.deep.include({
      type: 'object',
      properties: { name: { type: 'string', maxLength: 5 } },
      required: ['name'],
    })
    expect(operation(document, '/things/zod', 'post').parameters.map(({ name, in: place }) => [name, place])).to.deep.equal([
      ['page', 'query'],
    ])
    const { $ref } = bodyOf('/things/tree') ?? {}
    expect(component(document, 'schemas', String($ref).split('/').at(-1)!)).to.have.nested.property('properties.next.$ref', $ref)
    expect(bodyOf('/things/arktype')).to.deep.include({ type: 'object', properties: { age: { type: 'number', exclusiveMinimum: 0 } } })
    for (const path of ['/things/valibot', '/things/date']) expect(Object.keys(bodyOf(path)!), path).to.deep.equal(['description'])
    expect(operation(document, '/things/view').responses['2XX']?.content).to.have.nested.property('application/json.schema.type', 'object')
  })

  it('takes what people say of a route, and what a protection of their own says', () => {
    const RequireHeader = protection<string>({
      name: 'RequireHeader',
      phase: 'transport',
      compile: () => () => undefined,
      document(declared: ReadonlyArray<{ readonly value: string }>, draft: OperationDraft) {
        for (const { value } of declared) draft.parameter({ in: 'header', name: value, required: true, schema: { type: 'string' } })
      },
    })
    class Body {
      @IsString() name!: string
      @IsInt() size!: number
    }
    @Controller('/things')
    @Describe({ tags: ['Goods'] })
    class Things {
      @Post('/')
      @Public()
      @RequireHeader('X-Shop')
      @Validate({ body: Body })
      @Describe({ summary: 'Add a thing', description: 'Once.', status: 201, deprecated: true, errors: [[409, 'thing-exists']] })
      add() {}
      @Get('/:tenant') @Authenticated() @Tenant({ param: 'tenant' }) theirs() {}
      @Get('/') @Public() @Describe({ hidden: true }) hidden() {}
    }
    const document = documentOf({ controllers: [Things] })
    const told = operation(document, '/things', 'post')
    expect(told).to.include({ summary: 'Add a thing', deprecated: true })
    expect(told.tags).to.deep.equal(['Goods'])
    expect(told.description).to.match(/^Once\./)
    expect(told.parameters).to.deep.equal([{ name: 'X-Shop', in: 'header', required: true, schema: { type: 'string' } }])
    expect(told.requestBody).to.deep.equal({
      required: true,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Body' } } },
    })
    expect(codesOf(document, '/things', 'post')).to.include.members([
      '201',
      '409 thing-exists',
      '415 unsupported-media-type',
      '422 validation-failed',
    ])
    expect(document.paths['/things']).to.have.all.keys('post')
    expect(codesOf(document, '/things/{tenant}')).to.include('404 not-found')
  })

  it('tells of keys that make a repetition harmless', () => {
    const draft = new Draft(new Components())
    documentIdempotency({ required: true, keepFor: 1000, whileRunning: 'refuse' }, draft)
    expect(draft.parameters).to.have.nested.property('[0].name', 'Idempotency-Key')
    expect([...draft.refusals.keys()]).to.have.members([400, 409, 422])
    const without = new Draft(new Components())
    documentIdempotency(undefined, without)
    expect(without.parameters).to.deep.equal([])
  })

  it('tells of transport: plain HTTP refused or redirected, pages of other origins, an overload', () => {
    @Controller('/things')
    @Public()
    class Things {
      @Get('/') all() {}
      @Post('/') @WithoutCors() @Consumes('form') @Validate({ body: z.object({ name: z.string() }) }) add() {}
    }
    const options = { controllers: [Things], cors: { origins: ['https://shop.example.com'] }, overload: { maxDelay: 200 } } as const
    const document = documentOf({ ...options, https: 'redirect', httpsHost: 'api.example.com' })
    expect(codesOf(document, '/things')).to.include.members(['308 https-redirect', '403 https-required', '503 timeout.unavailable'])
    expect(codesOf(document, '/things', 'post')).not.to.include('308 https-redirect')
    const { responses } = operation(document, '/things')
    expect(responses['2XX']?.headers).to.have.all.keys('X-Request-Id', 'Access-Control-Allow-Origin')
    expect(component(document, 'responses', 'timeout.unavailable')).to.have.nested.property('headers.Retry-After')
    const posted = operation(document, '/things', 'post')
    expect(posted.responses['2XX']?.headers).to.have.all.keys('X-Request-Id')
    expect(posted.requestBody.content).to.have.all.keys('application/x-www-form-urlencoded')
    expect(codesOf(documentOf({ ...options, https: 'require' }), '/things')).to.include('403 https-required')
    expect(codesOf(documentOf(options), '/things')).not.to.include('403 https-required')
  })

  it('tells of objects that are not there, or not for the caller', () => {
    @Controller('/things/:id')
    @Authenticated()
    class Things {
      @Get('/') @Authorize(() => 1, () => true) read() {}
      @Post('/') @Authorize(() => 1, () => true, { refusal: 403 }) change() {}
      @Delete('/') @Tenant({ header: 'X-Tenant' }) remove() {}
    }
    const document = documentOf({ controllers: [Things] })
    expect(codesOf(document, '/things/{id}')).to.include('404 not-found').and.not.to.include('403 permission-denied')
    expect(codesOf(document, '/things/{id}', 'post')).to.include.members(['404 not-found', '403 permission-denied'])
    const told = operation(document, '/things/{id}', 'delete').parameters.map(({ name, in: place, required }) => [name, place, required])
    expect(told).to.have.deep.members([
      ['id', 'path', true],
      ['X-Tenant', 'header', true],
    ])
  })

  it('tells of headers, but of those that it tells of in other places', () => {
    class Headers {
      @IsString() 'x-shop'!: string
      @IsString() authorization!: string
    }
    @Controller('/things')
    @Public()
    class Things {
      @Get('/') @Validate({ headers: Headers }) all() {}
    }
    const { parameters } = operation(documentOf({ controllers: [Things] }), '/things')
    expect(parameters).to.deep.equal([{ name: 'x-shop', in: 'header', required: true, schema: { type: 'string' } }])
  })

  it('tells of a view who sees what, and of what it says nothing more', () => {
    class Inner {
      @Expose() anything: unknown
    }
    class View {
      @Expose(() => Date) at!: Date
      @Expose(() => [Inner]) inner!: readonly Inner[]
      @Expose(() => View) parent?: View
      @Expose(() => BigInt) @Visible('things:read', 'things:write') secret!: bigint
    }
    @Controller('/things')
    @Public()
    class Things {
      @Get('/') @Returns({ data: [View], total: Number }) all(): { data: View[]; total: number } {
        return { data: [], total: 0 }
      }
    }
    const document = documentOf({ controllers: [Things] })
    expect(component(document, 'schemas', 'View')).to.deep.equal({
      type: 'object',
      properties: {
        at: { type: ['string', 'null'], format: 'date-time' },
        inner: { type: ['array', 'null'], items: { $ref: '#/components/schemas/Inner' } },
        parent: { anyOf: [{ $ref: '#/components/schemas/View' }, { type: 'null' }] },
        secret: {
          type: ['string', 'null'],
          pattern: '^-?\\d+$',
          description: 'Only for callers with `things:read` and `things:write`.',
          'x-visible-to': ['things:read', 'things:write'],
        },
      },
      additionalProperties: false,
    })
    expect(component(document, 'schemas', 'Inner')).to.have.nested.property('properties.anything.$ref', '#/components/schemas/Value')
    expect(operation(document, '/things').responses['2XX']?.content).to.have.nested.property(
      'application/json.schema.properties.data.items.$ref',
    )
  })

  it('is the same each time, and does not change what the API is', () => {
    @Controller('/things')
    @Public()
    class Things {
      @Get('/') @RateLimit('10 per second', { scope: 'things' }) all() {}
    }
    const api = createApi({ controllers: [Things], https: 'off', logger: createLogger({ silent: true }), audit: { sinks: [] } })
    const before = JSON.stringify(api.inventory())
    expect(JSON.stringify(openApiDocument(api, { info }))).to.equal(JSON.stringify(openApiDocument(api, { info })))
    expect(JSON.stringify(api.inventory())).to.equal(before)
    void api.close()
  })
})

describe('openApi', () => {
  async function answerOf(options: Parameters<typeof openApi>[0], path = '/openapi.json') {
    @Controller('/things')
    class Things {
      @Get('/') @Public() all() {}
    }
    const logger = createLogger({ silent: true })
    const api = createApi({
      controllers: [openApi(options), Things],
      https: 'off',
      logger,
      audit: { sinks: [] },
      authentication: bearer(tokens),
    })
    const server = await serve(http(api), { port: 0 })
    const answer = await wire(server.port, request(`GET ${path}`))
    await server.close()
    await api.close()
    return answer
  }

  it('serves the document of the API that it is mounted on, without itself', async () => {
    const { status, body } = await answerOf({ info, public: true, path: '/docs/openapi.json' }, '/docs/openapi.json')
    expect(status).to.equal(200)
    expect(JSON.parse(body)).to.deep.include({ openapi: '3.1.1', info }).and.to.have.property('paths').that.has.all.keys('/things')
  })

  it('asks for the permission', async () => {
    expect((await answerOf({ info, permission: 'docs:read' })).status).to.equal(401)
  })

  it('is not made where nobody said who may read it', () => {
    expect(() => openApi({ info } as never)).to.throw(TypeError, /permission: 'docs:read', or public: true/)
  })
})
