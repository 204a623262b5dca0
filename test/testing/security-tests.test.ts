import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import {
  ArrayMinSize,
  IsBoolean,
  IsDateString,
  IsEmail,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  Min,
} from 'class-validator'
import { openDatabase } from '../../examples/orders/database.js'
import { OrderStore } from '../../examples/orders/order-store.js'
import { OrdersController } from '../../examples/orders/orders-controller.js'
import { permissions, roles } from '../../examples/orders/permissions.js'
import { ownDeclarations } from '../../lib/decorator.js'
import type { Declaration } from '../../lib/decorator.js'
import {
  Authenticated,
  bearer,
  BodyLimit,
  Consumes,
  Controller,
  createContainer,
  createLogger,
  Get,
  Nested,
  Post,
  Public,
  RateLimit,
  RequireRole,
  RequireScope,
  SecurityHeaders,
  Tenant,
  Validate,
} from '../../lib/index.js'
import type { Api, Context, RouteDecorator } from '../../lib/index.js'
import { fakeClock, inject, securityTests, testApi, testIssuer } from '../../lib/testing.js'
import type { Case, ObjectCalls, SecurityTestOptions, TestApi } from '../../lib/testing.js'
import { aGoodOrder } from '../examples/case.js'

const store = await OrderStore.open(openDatabase(':memory:', createLogger({ silent: true })))

function open(): TestApi {
  const container = createContainer()
  container.registerInstance(OrderStore, store)
  return testApi({ controllers: [OrdersController], container, permissions, roles, rateLimit: { default: '20 per minute' } })
}

const good = open()

/** What one decorator says. */
function declarationOf(decorator: RouteDecorator): Declaration {
  class Bearer {
    member() {}
  }
  decorator(Bearer.prototype, 'member', Object.getOwnPropertyDescriptor(Bearer.prototype, 'member')!)
  return ownDeclarations(Bearer)!.members.get('member')![0]!
}

type Change = (declared: readonly Declaration[]) => readonly Declaration[]

/** The API of the example, as it would be with other decorators on one of its methods. */
function openMutated(member: string, change: Change): TestApi {
  const { members } = ownDeclarations(OrdersController)!
  const before = members.get(member) ?? []
  members.set(member, [...change(before)])
  try {
    return open()
  } finally {
    if (before.length === 0) members.delete(member)
    else members.set(member, before)
  }
}

const replace =
  (name: string, ...by: readonly RouteDecorator[]): Change =>
  (declared) => [...declared.filter(({ kind }) => kind.name !== name), ...by.map(declarationOf)]
const alter =
  (name: string, alteration: (value: never) => unknown): Change =>
  (declared) =>
    declared.map((one) => (one.kind.name === name ? { ...one, value: alteration(one.value as never) } : one))

function objectsOf(api: Api): ObjectCalls {
  const customer = () => ({ id: randomUUID(), permissions: ['orders:write', 'orders:read'] })
  const order = async (as: ReturnType<typeof customer>) => {
    const { body } = await inject(api, {
      method: 'POST',
      path: '/api/v1/orders',
      as,
      body: aGoodOrder,
      address: `2001:db8:${as.id.slice(0, 4)}::1`,
    })
    return { id: (JSON.parse(body) as { id: string }).id }
  }
  return {
    async own() {
      const as = customer()
      return { as, params: await order(as) }
    },
    foreign: async () => ({ as: customer(), params: await order(customer()) }),
  }
}

const callers = { customer: { id: 'alice', roles: ['customer'] }, viewer: { id: 'dave', roles: ['viewer'] } }
const optionsFor = (api: Api): SecurityTestOptions => ({
  issuer: good.issuer,
  objects: { 'OrdersController.get': objectsOf(api) },
  callers,
  mayUse: {
    'OrdersController.create': ['customer'],
    'OrdersController.list': ['customer', 'viewer'],
    'OrdersController.get': ['customer', 'viewer'],
  },
})

/** The names of those cases that fail. */
async function failing(cases: readonly Case[]): Promise<readonly string[]> {
  const names: string[] = []
  for (const { name, run } of cases) await run().catch(() => names.push(name))
  return names
}

/** What the cases that were made of the declarations find wrong with an API that does not keep them. */
async function found(broken: Api, place: string): Promise<readonly string[]> {
  const promised = { ...good.api, answer: broken.answer, explain: broken.explain }
  return failing(securityTests(promised, optionsFor(good.api)).filter(({ name }) => name.startsWith(place)))
}

const create = 'OrdersController.create: '

class Flat {
  @IsString() note!: string
}

const mutations: ReadonlyArray<readonly [what: string, member: string, change: Change, place: string, found: readonly string[]]> = [
  ['nothing was changed in the example', 'create', (declared) => declared, 'OrdersController.create', []],
  [
    '@RequirePermission is gone',
    'create',
    replace('RequirePermission', Authenticated()),
    create,
    [`${create}refuses a caller without the permission orders:write (403)`, `${create}lets in whom it was decided for, and nobody else`],
  ],
  [
    'another permission is asked for',
    'create',
    alter('RequirePermission', () => ({ names: ['orders:fulfil'], mode: 'all' })),
    `${create}lets in`,
    [`${create}lets in a caller with all that its declarations ask for`, `${create}lets in whom it was decided for, and nobody else`],
  ],
  [
    'it is public',
    'list',
    replace('RequirePermission', Public()),
    'OrdersController.list: refuses a',
    [
      'OrdersController.list: refuses a request without credentials (401)',
      'OrdersController.list: refuses a forged token (401)',
      'OrdersController.list: refuses an expired token (401)',
      'OrdersController.list: refuses a token that was cut off (401)',
      'OrdersController.list: refuses a caller without the permission orders:read (403)',
    ],
  ],
  [
    'the rule about objects lets everybody through',
    'get',
    alter('Authorize', (value: object) => ({ ...value, rule: () => true })),
    'OrdersController.get: ',
    ['OrdersController.get: keeps an object from whom it does not belong to'],
  ],
  [
    'the rule about objects lets nobody through',
    'get',
    alter('Authorize', (value: object) => ({ ...value, rule: () => false })),
    'OrdersController.get: ',
    ['OrdersController.get: gives an object to whom it belongs'],
  ],
  [
    'what is unknown is dropped',
    'create',
    alter('Validate', (value: object) => ({ ...value, options: { unknown: 'drop' } })),
    create,
    [`${create}refuses a property that it does not know (422)`],
  ],
  [
    'what is unknown in the query is dropped',
    'list',
    alter('Validate', (value: object) => ({ ...value, options: { unknown: 'drop' } })),
    'OrdersController.list: ',
    ['OrdersController.list: refuses a query parameter that it does not know (422)'],
  ],
  [
    'bodies may be large',
    'create',
    (all) => [...all, declarationOf(BodyLimit('1mb'))],
    create,
    [`${create}refuses a body that is too large (413)`],
  ],
  [
    'bodies are forms',
    'create',
    (all) => [...replace('Validate', Validate({ body: Flat }) as RouteDecorator)(all), declarationOf(Consumes('form'))],
    `${create}refuses a body that is no JSON`,
    [`${create}refuses a body that is no JSON (400)`],
  ],
  ['its limit is gone', 'create', replace('RateLimit'), create, [`${create}refuses an address past the limit, and not before (429)`]],
  [
    'its limit is smaller',
    'create',
    alter('RateLimit', () => ({ limit: '9 per second', options: {} })),
    create,
    [`${create}refuses an address past the limit, and not before (429)`],
  ],
  [
    'a security header is gone',
    'list',
    (all) => [...all, declarationOf(SecurityHeaders({ 'X-Content-Type-Options': false }))],
    'OrdersController.list: refuses a request without',
    ['OrdersController.list: refuses a request without credentials (401)'],
  ],
  [
    'a method is answered that nobody knew of',
    'change',
    (all) => [...all, declarationOf(Post('/:id') as RouteDecorator)],
    '/api/v1/orders/:id: ',
    ['/api/v1/orders/:id: refuses a method that it does not answer to (405)'],
  ],
]

describe('securityTests', () => {
  for (const [what, member, change, place, expected] of mutations) {
    it(`${expected.length === 0 ? 'finds nothing' : 'finds it'} where ${what}`, async () => {
      const { api } = openMutated(member, change)
      expect(await found(api, place)).to.have.members(expected)
    })
  }
})

class Id {
  @IsUUID() id!: string
}

class Thing {
  @IsInt() size!: number
}

const clock = fakeClock()
const thingsIssuer = testIssuer({ clock })

interface Strictness {
  readonly access?: RouteDecorator
  readonly tenant?: RouteDecorator
}

function openThings({ access = RequireRole('owner'), tenant = Tenant({ param: 'tenant' }) }: Strictness, more: object = {}): TestApi {
  @Controller('/:tenant/things', { inject: [] })
  class Things {
    @Get('/')
    @access
    @tenant
    all() {
      return []
    }

    @Post('/')
    @RequireScope('things:write')
    @Tenant({ param: 'tenant' })
    @Validate({ body: Thing })
    create({ body }: Context<{ body: Thing }>) {
      return body
    }
  }
  return testApi({ controllers: [Things], clock, authentication: bearer(thingsIssuer.options), ...more })
}

describe('securityTests of an API', () => {
  const things = openThings({})
  const issuer = thingsIssuer
  const foundIn = (broken: Api, options: SecurityTestOptions = { issuer }) =>
    failing(securityTests({ ...things.api, answer: broken.answer, explain: broken.explain }, options))

  it('that keeps its promises find nothing', async () => {
    expect(await foundIn(things.api)).to.deep.equal([])
  })

  it('find a role, a tenant, HTTPS and an origin that are not looked at', async () => {
    expect(await foundIn(openThings({ access: RequireRole('owner', 'guest') }).api)).to.deep.equal([])
    expect(await foundIn(openThings({ access: Authenticated() }).api)).to.deep.equal([
      'Things.all: refuses a caller without the role owner (403)',
    ])
    const isOpen = openThings({ tenant: Authenticated() }).api
    expect(await foundIn(isOpen)).to.deep.equal(['Things.all: keeps one tenant from another’s (404)'])
    expect(await foundIn(openThings({}, { https: 'off' }).api)).to.include('transport: refuses plain HTTP')
    const wide = openThings({}, { cors: { origins: ['https://evil.example'] } }).api
    expect(await foundIn(wide)).to.include('origins: lets no page of an unknown origin read an answer')
  })

  it('find a login that is not looked at, or not all of it', async () => {
    const strict = { acr: ['gold', 'silver'], amr: ['otp', 'pwd'], maxAge: '5 min' } as const
    const strong = openThings({ access: Authenticated(strict) }).api
    const foundBy = (broken: Api) =>
      failing(
        securityTests(
          { ...strong, answer: broken.answer, explain: broken.explain },
          { issuer, callers: { guest: {} }, mayUse: { 'Things.all': [], 'Things.create': [] } },
        ),
      )
    expect(await foundBy(strong)).to.deep.equal([])
    const named = (what: string) => `Things.all: refuses a caller ${what} (401)`
    const times = [named('with a login that is too old'), named('whose token does not say when the login was')]
    const kind = named('whose login is not gold or silver')
    const otp = named('whose login was not by otp')
    const without = async (login: object) => foundBy(openThings({ access: Authenticated(login) }).api)
    expect(await without({ acr: strict.acr, amr: strict.amr })).to.deep.equal(times)
    expect(await without({ ...strict, maxAge: '6 min' })).to.deep.equal([times[0]])
    expect(await without({ amr: strict.amr, maxAge: '5 min' })).to.deep.equal([kind])
    expect(await without({ ...strict, amr: 'pwd' })).to.deep.equal([otp])
  })

  it('say what must be given, and take a reason instead, but no name that they do not know', async () => {
    const wanted = async (options: SecurityTestOptions) => failing(securityTests(things.api, options))
    const name = 'tokens: refuses forged and expired ones'
    expect(await wanted({})).to.deep.equal([name])
    expect(await wanted({ accepted: { [name]: 'there are tests of tokens' } })).to.deep.equal([])
    expect(await wanted({ accepted: { [name]: ' ' } })).to.deep.equal([name])
    expect(await wanted({ issuer, accepted: { 'Things.al: typo': 'why not' } })).to.have.length(1)
    expect(await wanted({ issuer, samples: { 'Things.al': {} }, mayUse: { 'Things.gone': [] } })).to.have.length(2)
    expect(await wanted({ issuer, callers: { owner: { roles: ['owner'] } } })).to.have.length(2)
    const objects = securityTests(good.api, { issuer: good.issuer }).filter(({ name: one }) => one.includes('object'))
    expect(await failing(objects)).to.have.length(objects.length)
  })

  it('count as limits count, in each of their ways', async () => {
    const counted = ({ principal }: Context) => principal.id
    const plain = [
      RateLimit('4 per minute'),
      RateLimit('4 per minute sliding', { by: 'principal' }),
      RateLimit('2 per minute burst 5', { by: 'tenant' }),
      RateLimit('7 per minute', { cost: 3 }),
      RateLimit('4 per minute', { by: 'apiKey' }),
      RateLimit('3 per minute; 2 per hour', { by: counted }),
      RateLimit('9 per minute', { by: 'principal', failureCost: 2 }),
      RateLimit('3 per minute', { by: 'principal', refundOnSuccess: true }),
      RateLimit('3 per minute', { penalty: '1 min' }),
    ]
    for (const [index, limited] of plain.entries()) {
      const cases = (decorators: readonly RouteDecorator[]) => {
        @Controller('/limited', { inject: [] })
        class Limited {
          @Get('/')
          @Authenticated()
          get() {
            return []
          }
        }
        for (const decorator of decorators) decorator(Limited.prototype, 'get', Object.getOwnPropertyDescriptor(Limited.prototype, 'get')!)
        return testApi({ controllers: [Limited], clock, authentication: bearer(thingsIssuer.options) })
      }
      const kept = cases([limited])
      const limitCases = (api: Api) => securityTests(api, { issuer: thingsIssuer }).filter(({ name }) => name.includes('past the limit'))
      expect(limitCases(kept.api), `limit ${index}`).to.have.length(1)
      expect(await failing(limitCases(kept.api)), `limit ${index}`).to.deep.equal([])
      const without = { ...kept.api, answer: cases([]).api.answer }
      expect(await failing(limitCases(without)), `without limit ${index}`).to.have.length(1)
    }
  })

  it('make input of the rules of DTO classes, and ask for it where they cannot', async () => {
    class Inner {
      @IsIn(['x', 'y']) choice!: string
    }
    class Guessable {
      @IsUUID() id!: string
      @IsEmail() mail!: string
      @Length(3, 5) name!: string
      @Matches(/^\d{4}$/) pin!: string
      @IsInt() @Min(40) @Max(50) count!: number
      @IsBoolean() flag!: boolean
      @IsDateString() day!: string
      @IsString({ each: true }) @ArrayMinSize(1) tags!: string[]
      @Nested(() => Inner, { each: true }) inner!: Inner[]
      @IsOptional() @Matches(/^zq-\d+$/) code?: string
    }
    class Texts {
      @IsInt() @Min(40) count!: number
      @IsBoolean() flag!: boolean
      @IsInt({ each: true }) @ArrayMinSize(1) sizes!: number[]
    }
    class Secret {
      @Matches(/^zq-\d+$/) code!: string
    }
    @Controller('/forms', { inject: [] })
    class Forms {
      @Post('/:id')
      @Public()
      @RateLimit('3 per minute', { by: () => 'all' })
      @Validate({ params: Id, body: Guessable })
      guessable({ body }: Context<{ body: Guessable }>) {
        return body
      }

      @Post('/')
      @Public()
      @RateLimit('3 per minute', { by: () => 'all' })
      @Validate({ body: Secret })
      secret({ body }: Context<{ body: Secret }>) {
        return body
      }

      @Post('/texts')
      @Public()
      @Consumes('form')
      @RateLimit('3 per minute', { by: () => 'all' })
      @Validate({ body: Texts })
      texts({ body }: Context<{ body: Texts }>) {
        return body
      }
    }
    const open = () => testApi({ controllers: [Forms] }).api
    expect(await failing(securityTests(open()))).to.deep.equal([
      'Forms.secret: refuses what is counted by its input past the limit, and not before (429)',
    ])
    expect(await failing(securityTests(open(), { samples: { 'Forms.secret': { body: { code: 'zq-1' } } } }))).to.deep.equal([])
  })

  it('find a token that is taken though it is nobody’s', async () => {
    expect(await failing(securityTests(things.api, { issuer: testIssuer({ clock }) }))).to.deep.equal([
      'tokens: takes a good one of the issuer',
    ])
  })
})
