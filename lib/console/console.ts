import { reply } from '../answer.js'
import type { Answer } from '../answer.js'
import { Public, RequirePermission } from '../authorization/requirements.js'
import { tokens } from '../container.js'
import type { Clock, Context, RouteInfo } from '../context.js'
import type { Class } from '../decorator.js'
import { NotFound } from '../errors.js'
import type { Insight } from '../insight.js'
import { RateLimit } from '../rate-limit/rate-limit.js'
import { descriptionKind } from '../operation.js'
import { Returns, unshaped } from '../returns/returns.js'
import { Controller, Get } from '../routing/routing.js'
import type { Awaitable } from '../state/state-store.js'
import { WithoutCors } from '../transport/cors.js'
import { SecurityHeaders } from '../transport/security-headers.js'
import { Validate } from '../validation/decorator.js'
import { chainWatch, checksOf } from './chain.js'
import type { ChainStatus, CheckedChain } from './chain.js'
import { Counts } from './counts.js'
import { EventFeed } from './event-feed.js'
import { clientScripts } from './client-scripts.js'
import { consoleHeaders } from './headers.js'
import { icon } from './icon.js'
import { listenerHeaders, scriptParams } from './input.js'
import type { ListenerHeaders, ScriptParams } from './input.js'
import { page } from './page.js'
import { StateTeller, stateView } from './state.js'
import type { ConsoleState } from './shape.js'
import { style } from './style.js'

/** How the console is mounted. */
export interface ConsoleOptions {
  /** Who may see it: `portcullis:read`. */
  readonly permission: string
  /** Where it is. @default '/console' */
  readonly path?: string
  /** What stands at the top of the page. @default 'Portcullis' */
  readonly title?: string
  /**
   * Whether everybody may load the page, its script and its style, in which no data is. A browser sends no token when it loads a page: `false`
   * is for callers that cookies make known. @default true
   */
  readonly publicPage?: boolean
  /** How many may follow the events at once. @default 20 */
  readonly listeners?: number
  /**
   * The sink whose chain is checked while somebody looks, `fileSink(path, { chain: { key } })`; or a function that says how the audit chain
   * is, asked at most every ten seconds. @default the page says that there is none
   */
  readonly chain?: CheckedChain | (() => Awaitable<ChainStatus>)
}

/**
 * A page that shows what protects an API and what happens there, as a controller to mount:
 * `createApi({ controllers: [securityConsole({ permission: 'portcullis:read' }), …] })`. It has the routes with what is missing on each,
 * requests and refusals of the last hour, security events while they happen, the limits that refuse most, and whether the stores answer.
 *
 * It knows of the process that it runs in, and counts from its start. Its own routes are not counted.
 *
 * Throws a `TypeError` for options that are wrong.
 */
export function securityConsole(options: ConsoleOptions): Class {
  const { permission, path, title, publicPage, listeners, chain } = checked(options)
  const PageAccess = publicPage ? Public : () => RequirePermission(permission)
  const document = page(title, path)
  const scripts = clientScripts()

  @Controller(path, { inject: [tokens.insight, tokens.clock] })
  @SecurityHeaders(consoleHeaders)
  @WithoutCors()
  @ForPeople()
  // Wrong tokens are dear: thirty a minute.
  @RateLimit('600 per minute', { overrides: true, failureCost: 19 })
  class SecurityConsole {
    readonly #feed: EventFeed
    readonly #state: StateTeller

    constructor(insight: Insight, clock: Clock) {
      const isOwn = ({ name }: Pick<RouteInfo, 'name'>) => name.startsWith(`${SecurityConsole.name}.`)
      const counts = new Counts(clock, isOwn)
      this.#feed = new EventFeed(clock, listeners)
      this.#state = new StateTeller({
        insight,
        counts,
        clock,
        isOwn,
        chain: chainWatch(typeof chain === 'object' ? checksOf(chain, clock) : chain, clock),
      })
      for (const watcher of [counts, this.#feed, this.#state]) insight.watch(watcher)
    }

    @Get('/')
    @PageAccess()
    @Returns(unshaped('text/html'))
    page(): Answer {
      return reply(200, document, { 'Content-Type': 'text/html; charset=utf-8' })
    }

    @Get('/console.css')
    @PageAccess()
    @Returns(unshaped('text/css'))
    style(): Answer {
      return reply(200, style, { 'Content-Type': 'text/css; charset=utf-8' })
    }

    @Get('/icon.svg')
    @PageAccess()
    @Returns(unshaped('image/svg+xml'))
    icon(): Answer {
      return reply(200, icon, { 'Content-Type': 'image/svg+xml' })
    }

    @Get('/:script')
    @PageAccess()
    @Validate({ params: scriptParams })
    @Returns(unshaped('text/javascript'))
    script({ params }: Context<{ params: ScriptParams }>): Answer {
      const text = scripts.get(params.script)
      if (text === undefined) throw new NotFound()
      return reply(200, text, { 'Content-Type': 'text/javascript; charset=utf-8' })
    }

    @Get('/state')
    @RequirePermission(permission)
    @RateLimit('60 per minute', { by: 'principal' })
    @Returns(stateView)
    state(): Promise<ConsoleState> {
      return this.#state.state()
    }

    @Get('/events')
    @RequirePermission(permission)
    @RateLimit('60 per minute', { by: 'principal' })
    @Validate({ headers: listenerHeaders })
    @Returns(unshaped('text/event-stream'))
    events({ headers, principal, request }: Context<{ headers: ListenerHeaders }>): Answer {
      const stream = this.#feed.open({
        after: headers.lastEventId,
        expiresAt: principal.expiresAt,
        isOver: () => request.gone || request.closing === true,
      })
      request.onGone(() => stream.destroy())
      // A proxy that collects answers would keep events back.
      return reply(200, stream, { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' })
    }
  }
  return SecurityConsole
}

function checked(options: ConsoleOptions): Required<Omit<ConsoleOptions, 'chain'>> & Pick<ConsoleOptions, 'chain'> {
  const { permission, path = '/console', title = 'Portcullis', publicPage = true, listeners = 20, chain } = options
  if (typeof permission !== 'string' || permission === '') {
    throw new TypeError("securityConsole needs a permission: securityConsole({ permission: 'portcullis:read' })")
  }
  if (!/^(?:\/[A-Za-z0-9\-._~]+)+$/.test(path)) {
    throw new TypeError(`securityConsole has the path ${JSON.stringify(path)}: write one without parameters, such as '/console'`)
  }
  if (!Number.isSafeInteger(listeners) || listeners < 1) {
    throw new TypeError(`securityConsole lets ${listeners} listen: give a whole number from 1, such as 20`)
  }
  if (typeof chain === 'object' && typeof chain.checkChain !== 'function') {
    throw new TypeError('securityConsole: chain is a sink without a chain: give fileSink(path, { chain: { key } }), or a function')
  }
  return { permission, path, title, publicPage, listeners, ...(chain === undefined ? {} : { chain }) }
}

/** A page is no part of what an API offers to programs. */
const ForPeople = () => descriptionKind.declare({ hidden: true })
