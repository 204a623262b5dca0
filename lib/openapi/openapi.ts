import { reply } from '../answer.js'
import type { Answer } from '../answer.js'
import { Public, RequirePermission } from '../authorization/requirements.js'
import { tokens } from '../container.js'
import type { Class } from '../decorator.js'
import type { RouteCatalogue } from '../inventory.js'
import { RateLimit } from '../rate-limit/rate-limit.js'
import { Controller, Get } from '../routing/routing.js'
import { Describe } from './describe.js'
import { documentOf } from './document.js'
import type { OpenApiDocument, OpenApiOptions } from './document.js'
import { withPage } from './page.js'
import { pagePlan } from './page-options.js'

/** Who may read the document: whoever has the permission, or everybody. */
export type OpenApiReaders =
  | { readonly permission: string; readonly public?: never }
  | { readonly public: true; readonly permission?: never }

/** A controller that serves the document. */
export type OpenApiControllerOptions = OpenApiOptions &
  OpenApiReaders & {
    /** Where it stands. @default '/openapi.json' */
    readonly path?: string
    /**
     * Where a page stands that shows the document to people, such as `/docs`. It is Swagger UI, of the package `swagger-ui-dist`, which has
     * to be installed. Who may read the document may load the page. @default none
     */
    readonly page?: string
    /**
     * Whether everybody may load the page, in which nothing of the document is; it asks for a token. A browser sends no token when it loads
     * a page: `false` is for callers that cookies make known. @default false
     */
    readonly publicPage?: boolean
  }

/**
 * Describes an API in OpenAPI 3.1, from the declarations that protect it: what each route takes, what it answers, and who may call. Routes
 * that are hidden are left out. It is made anew at each call, and costs nothing until then.
 */
export function openApiDocument(api: { readonly routes: RouteCatalogue }, options: OpenApiOptions): OpenApiDocument {
  return documentOf(api.routes(), options)
}

/**
 * Serves the API's own document, as a controller to mount: `createApi({ controllers: [openApi({ info, permission: 'docs:read' }), …] })`. It
 * says which permissions and limits there are: `public: true` shows that to everybody. Throws a `TypeError` where nobody is named, and where a page is wanted whose package is not installed.
 */
export function openApi(options: OpenApiControllerOptions): Class {
  const { path = '/openapi.json', permission } = options
  const access = permission === undefined ? Public() : RequirePermission(permission)
  // A program without types may say neither.
  const isPublic: unknown = options.public
  if (permission === undefined && isPublic !== true) {
    throw new TypeError("openApi does not say who may read the document: write permission: 'docs:read', or public: true")
  }
  const plan = pagePlan({ ...options, path })

  @Controller('/', { inject: [tokens.routes] })
  @Describe({ hidden: true })
  class OpenApiController {
    #text: string | undefined

    constructor(private readonly routes: RouteCatalogue) {}

    @Get(path)
    @access
    @RateLimit('60 per minute')
    document(): Answer {
      this.#text ??= JSON.stringify(documentOf(this.routes(), options))
      return reply(200, this.#text, { 'Content-Type': 'application/json' })
    }
  }
  return plan === undefined ? OpenApiController : withPage(OpenApiController, plan)
}
