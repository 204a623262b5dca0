import type { RequestListener } from 'node:http'
import createExpress from 'express'
import { express } from '../../../adapters/express.js'
import { http, serve } from '../../../adapters/http.js'
import {
  Authenticated,
  Controller,
  Get,
  MemoryStateStore,
  Post,
  Public,
  createApi,
  createContainer,
  createLogger,
  recentRecords,
  tokens,
} from '../../../lib/index.js'
import type { Api, Context, StateStore } from '../../../lib/index.js'
import { oauthLogin } from '../../../lib/oauth.js'
import type { OAuthLogin, OAuthLoginOptions } from '../../../lib/oauth.js'
import { Browser } from '../browser.js'
import type { ShownPage } from '../browser.js'
import { MovedClock } from '../moved-clock.js'

export const clock = new MovedClock()
export const state = new MemoryStateStore({ clock })
export const records = recentRecords(100)
export const hosts: Readonly<Record<string, (api: Api) => RequestListener>> = {
  'node:http': http,
  Express: (api) => createExpress().use(express(api, { fallthrough: false })),
}

export interface WebApp {
  readonly url: string
  readonly issuer: string
  readonly login: OAuthLogin
  /** Follows redirects to the application and to its provider. */
  browser(): Browser
  /** Stops where the provider sends it back: shows what an attacker may do with the callback. */
  stoppingBrowser(): Browser
  close(): Promise<void>
}

export interface WebAppParts {
  /** 0 takes a free one. */
  readonly port?: number
  readonly listenerOf?: (api: Api) => RequestListener
  /** Another store than the one that all share. */
  readonly state?: StateStore
  /** What `GET /asked` does for whoever is logged in. */
  readonly ask?: (context: Context, login: OAuthLogin) => Promise<unknown>
  readonly options: Partial<OAuthLoginOptions> & Pick<OAuthLoginOptions, 'issuer'>
}

/** A web application whose people log in at a provider. */
export async function startWebApp({ port = 0, listenerOf = http, ask, options, ...parts }: WebAppParts): Promise<WebApp> {
  let listener: RequestListener | undefined
  const server = await serve((request, response) => listener?.(request, response), { port })
  const login = oauthLogin({
    clientId: 'web',
    clientSecret: 'web-secret-of-32-characters-or-more',
    origin: server.url,
    outbound: { privateHosts: ['127.0.0.1'] },
    ...options,
  })

  @Controller('/')
  class Pages {
    @Get('/')
    @Public()
    home() {
      return { page: 'home' }
    }

    @Get('/me')
    @Authenticated()
    me(context: Context) {
      const { id, kind, issuer } = context.principal
      return { id, kind, issuer, hasToken: login.tokenOf(context).length > 5 }
    }

    @Get('/session')
    @Authenticated()
    session({ principal: { sessionId, issuedAt } }: Context) {
      return { sessionId, issuedAt }
    }

    @Get('/token')
    @Authenticated()
    token(context: Context) {
      return { token: login.tokenOf(context) }
    }

    @Get('/recent')
    @Authenticated({ acr: 'gold', amr: 'otp', maxAge: '5 min' })
    recent() {
      return { recent: true }
    }

    @Get('/asked')
    @Authenticated()
    async asked(context: Context) {
      return (await ask?.(context, login)) ?? {}
    }

    @Post('/change')
    @Authenticated()
    change() {
      return { changed: true }
    }
  }

  const container = createContainer()
  container.register(tokens.state, { useValue: parts.state ?? state })
  container.register(tokens.clock, { useValue: clock })
  const api = createApi({
    controllers: [Pages, login.controller],
    container,
    authentication: login.authentication,
    rateLimit: { off: true },
    https: 'off',
    audit: { sinks: [records], delay: 0 },
    logger: createLogger({ silent: true }),
  })
  listener = listenerOf(api)
  const { issuer } = options
  return {
    ...{ url: server.url, issuer, login },
    browser: () => new Browser((url) => url.origin === server.url || url.origin === issuer),
    stoppingBrowser: () => new Browser((url) => url.origin === issuer || (url.origin === server.url && url.pathname.endsWith('/login'))),
    async close() {
      await server.close()
      await api.close()
    },
  }
}

/** Goes through the pages of oidc-provider, until it leads away. */
export async function throughProvider(browser: Browser, page: ShownPage, issuer: string): Promise<ShownPage> {
  let shown = page
  for (let steps = 0; steps < 5 && browser.left === undefined && shown.url.startsWith(issuer); steps += 1) {
    const prompt = shown.body.includes('name="login"') ? { prompt: 'login', login: 'alice', password: 'any' } : { prompt: 'consent' }
    shown = await browser.submit(shown, prompt)
  }
  return shown
}

/** Logs somebody in, by oidc-provider's pages. */
export async function loggedIn(app: WebApp, browser = app.browser(), path = '/auth/login?return_to=/me') {
  const page = await throughProvider(browser, await browser.visit(`${app.url}${path}`), app.issuer)
  return { browser, page }
}

/** Why the newest request was refused, as its record tells. */
export function newestReason(): unknown {
  return records.newest(1)[0]?.['reason']
}
