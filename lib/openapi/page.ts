import { reply } from '../answer.js'
import type { Answer } from '../answer.js'
import { Public, RequirePermission } from '../authorization/requirements.js'
import { tokens } from '../container.js'
import type { Context } from '../context.js'
import type { Class, MethodDecorator } from '../decorator.js'
import { RateLimit } from '../rate-limit/rate-limit.js'
import { Returns, unshaped } from '../returns/returns.js'
import { Controller, Get } from '../routing/routing.js'
import { WithoutCors } from '../transport/cors.js'
import { SecurityHeaders } from '../transport/security-headers.js'
import { Describe } from './describe.js'
import { isKnown } from './entity-tag.js'
import { pageFiles } from './page-files.js'
import type { PageFile } from './page-files.js'
import type { PagePlan } from './page-options.js'

/**
 * Scripts and styles are files of this origin, and nothing is asked elsewhere, by what is tried out there either. Pictures of the style
 * are `data:` addresses. The UI sets styles by script alone, which needs no `unsafe-inline`.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Adds a page that shows the document to the controller that serves it, and all files of the page, each a route of its own. */
export function withPage(DocumentController: Class, plan: PagePlan): Class {
  const { page, program, style, ui, uiStyle, icon } = pageFiles(plan)
  const At = (path: string, mediaType: string) => served(path, mediaType, plan.permission)

  @Controller('/', { inject: [tokens.routes] })
  @Describe({ hidden: true })
  class OpenApiPageController extends DocumentController {
    @At(plan.path, 'text/html')
    page(context: Context): Answer {
      return answerOf(page, context)
    }

    @At(`${plan.path}/page.js`, 'text/javascript')
    program(context: Context): Answer {
      return answerOf(program, context)
    }

    @At(`${plan.path}/page.css`, 'text/css')
    style(context: Context): Answer {
      return answerOf(style, context)
    }

    @At(`${plan.path}/swagger-ui-bundle.js`, 'text/javascript')
    ui(context: Context): Answer {
      return answerOf(ui, context)
    }

    @At(`${plan.path}/swagger-ui.css`, 'text/css')
    uiStyle(context: Context): Answer {
      return answerOf(uiStyle, context)
    }

    @At(`${plan.path}/favicon-32x32.png`, 'image/png')
    icon(context: Context): Answer {
      return answerOf(icon, context)
    }
  }
  return OpenApiPageController
}

function answerOf({ type, bytes, tag }: PageFile, { request }: Context): Answer {
  if (isKnown(tag, request.headers['if-none-match'])) return reply(304, undefined, { ETag: tag })
  return reply(200, bytes, { 'Content-Type': type, ETag: tag })
}

/** What every file of the page declares. A browser keeps them, and asks each time whether they are still the ones. */
function served(path: string, mediaType: string, permission: string | undefined): MethodDecorator {
  const decorators: readonly MethodDecorator[] = [
    Get(path),
    permission === undefined ? Public() : RequirePermission(permission),
    SecurityHeaders({
      'Content-Security-Policy': policy,
      'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
      'Cache-Control': permission === undefined ? 'no-cache' : 'private, no-cache',
    }),
    WithoutCors(),
    RateLimit('100 per minute'),
    Returns(unshaped(mediaType)),
  ]
  return ((...place: Parameters<MethodDecorator>) => {
    for (const decorate of decorators) decorate(...place)
  }) as MethodDecorator
}
