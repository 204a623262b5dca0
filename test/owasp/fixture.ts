import { IsIn, IsInt, IsOptional, IsString, IsUUID, Matches, MaxLength, Min } from 'class-validator'
import {
  Authenticated,
  Authorize,
  AuthorizeEach,
  Controller,
  Delete,
  Expose,
  Get,
  Nested,
  NotFound,
  Patch,
  Post,
  RequirePermission,
  Returns,
  Scope,
  Tenant,
  Validate,
  Visible,
  anyOf,
  bearer,
  createApi,
  createLogger,
  created,
  definePermissions,
  defineRoles,
  noContent,
  policy,
  tokenIssuer,
} from '../../lib/index.js'
import type { Api, Context } from '../../lib/index.js'

/** A document as a database gives it: with more than anybody should see. */
interface Doc {
  readonly id: string
  readonly tenant: string
  readonly owner: string
  title: string
  readonly margin: number
  readonly passwordHash: string
  readonly meta: { readonly stars: number; readonly internal: string }
}

export const ids = {
  alice: '2c5ea4c0-4067-41e9-8bad-9b1deb4d3b01',
  bob: '2c5ea4c0-4067-41e9-8bad-9b1deb4d3b02',
  eve: '2c5ea4c0-4067-41e9-8bad-9b1deb4d3b03',
  none: '2c5ea4c0-4067-41e9-8bad-9b1deb4d3bff',
}

const hidden = { margin: 40, passwordHash: 'TOP-SECRET-HASH', meta: { stars: 5, internal: 'TOP-SECRET-NOTE' } }
export const docs: readonly Doc[] = [
  { id: ids.alice, tenant: 'acme', owner: 'alice', title: 'of alice', ...hidden },
  { id: ids.bob, tenant: 'acme', owner: 'bob', title: 'of bob', ...hidden },
  { id: ids.eve, tenant: 'evil', owner: 'eve', title: 'of eve', ...hidden },
]

class DocId {
  @IsUUID('4')
  id!: string
}

class Tag {
  @IsString()
  @MaxLength(10)
  name!: string
}

class Create {
  @IsString()
  @MaxLength(50)
  title!: string

  @IsOptional()
  @Nested(() => Tag, { each: true })
  tags?: Tag[]

  @IsOptional()
  @IsUUID('4')
  parent?: string
}

class Change {
  @IsString()
  @MaxLength(50)
  title!: string
}

class Search {
  @IsOptional()
  @IsIn(['title', 'id'])
  sort?: string

  @IsOptional()
  @IsInt()
  @Min(1)
  page?: number
}

class TenantName {
  @Matches(/^[a-z]+$/)
  tenant!: string
}

class UserId {
  @IsString()
  id!: string
}

class MetaView {
  @Expose() stars!: number
}

class DocView {
  @Expose() id!: string
  @Expose() title!: string
  @Expose(() => MetaView) meta!: MetaView
  @Visible('docs:read-margin') margin!: number
}

const isOwner = policy('doc.owner', ({ id }, { owner }: Doc) => owner === id)
const isAuditor = policy('doc.auditor', ({ permissions }, doc: Doc) => permissions.has('docs:read-all') && doc.tenant === 'acme')
const find = ({ params }: Context<{ params: DocId }>) => docs.find(({ id }) => id === params.id)

@Controller('/docs', { inject: [] })
@Authenticated()
class Docs {
  @Get('/')
  @RequirePermission('docs:read')
  @Validate({ query: Search })
  @Scope(({ id }) => ({ owner: id }))
  @Returns({ data: [DocView], total: Number })
  list({ scope }: Context<{ query: Search; scope: { owner: string } }>) {
    const data = docs.filter(({ owner }) => owner === scope.owner)
    return { data, total: data.length, query: 'select * from docs' }
  }

  @Get('/unfiltered')
  @RequirePermission('docs:read')
  @AuthorizeEach(anyOf(isOwner, isAuditor))
  @Returns([DocView])
  unfiltered() {
    return docs
  }

  @Get('/:id')
  @RequirePermission('docs:read')
  @Validate({ params: DocId })
  @Authorize(find, anyOf(isOwner, isAuditor))
  @Returns(DocView)
  one({ resource }: Context<{ params: DocId; resource: Doc }>) {
    return resource
  }

  @Post('/')
  @RequirePermission('docs:write')
  @Validate({ body: Create })
  create({ body, principal }: Context<{ body: Create }>) {
    return created({ title: body.title, tags: body.tags, owner: principal.id })
  }

  @Patch('/:id')
  @RequirePermission('docs:write')
  @Validate({ params: DocId, body: Change })
  @Authorize(find, isOwner)
  @Returns(DocView)
  change({ resource, body }: Context<{ params: DocId; body: Change; resource: Doc }>) {
    return { ...resource, title: body.title }
  }

  @Get('/of/:tenant')
  @RequirePermission('docs:read')
  @Tenant({ param: 'tenant' })
  @Validate({ params: TenantName })
  @Returns([DocView])
  ofTenant({ params }: Context<{ params: TenantName }>) {
    const found = docs.filter(({ tenant }) => tenant === params.tenant)
    if (found.length === 0) throw new NotFound()
    return found
  }

  @Get('/leaky')
  @Returns(DocView)
  leaky(): Doc {
    return { ...docs[0], title: { toString: () => 'TOP-SECRET' } } as unknown as Doc
  }
}

@Controller('/admin', { inject: [] })
@RequirePermission('admin:all')
class Admin {
  @Get('/users')
  users() {
    return [{ id: 'alice' }]
  }

  @Delete('/users/:id')
  @Validate({ params: UserId })
  remove() {
    return noContent()
  }
}

// A subclass cannot forget what its parent asks for.
@Controller('/reports', { inject: [] })
class Reports extends Admin {
  @Get('/sums')
  @Authenticated()
  sums() {
    return { sum: 1 }
  }

  @Get('/users')
  override users() {
    return super.users()
  }
}

const permissions = definePermissions({ docs: ['read', 'write', 'read-all', 'read-margin'], admin: ['all'] })
const roles = defineRoles(permissions, {
  user: ['docs:read', 'docs:write'],
  auditor: { inherits: ['user'], grants: ['docs:read-all', 'docs:read-margin'] },
  admin: ['*'],
})
const key = { algorithm: 'HS256', secret: 'ruq8Vb2LwZ0nXk5TcY7sJm4GdHf9Pe1A' } as const
const names = { issuer: 'https://auth.test', audience: 'https://api.test' }

export function makeApi(): Api {
  return createApi({
    controllers: [Docs, Admin, Reports],
    permissions,
    roles,
    authentication: bearer({ ...names, keys: [key] }),
    https: 'off',
    audit: { sinks: [] },
    logger: createLogger({ silent: true }),
  })
}

const issuer = tokenIssuer({ ...names, key })
const tokenOf = (sub: string, claims: object) => issuer.issue({ sub, ...claims }).token

/** Who attacks. */
export const tokens: Readonly<Record<string, string>> = {
  alice: tokenOf('alice', { roles: ['user'], tenant: 'acme' }),
  bob: tokenOf('bob', { roles: ['user'], tenant: 'acme' }),
  eve: tokenOf('eve', { roles: ['user'], tenant: 'evil' }),
  auditor: tokenOf('carol', { roles: ['auditor'], tenant: 'acme' }),
  admin: tokenOf('root', { roles: ['admin'], tenant: 'acme' }),
  nobody: tokenOf('mallory', {}),
  lent: tokenOf('alice', { roles: ['user'], tenant: 'acme', scope: 'docs:read' }),
  invented: tokenOf('mallory', { roles: ['root', '*', 'admin:all', '__proto__'], tenant: 'acme' }),
}
