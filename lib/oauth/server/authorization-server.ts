import { reply } from '../../answer.js'
import type { Answer } from '../../answer.js'
import { Audit } from '../../audit/audit.js'
import type { ProofOptions } from '../../authentication/dpop-options.js'
import type { KeyOptions } from '../../authentication/keys.js'
import type { Revocations } from '../../authentication/revocations.js'
import { Public } from '../../authorization/requirements.js'
import { BodyLimit, Consumes } from '../../body/body.js'
import { tokens } from '../../container.js'
import type { Clock, Context } from '../../context.js'
import type { Class } from '../../decorator.js'
import { descriptionKind, tokenFlowsKind } from '../../operation.js'
import type { TokenFlows } from '../../operation.js'
import { RateLimit } from '../../rate-limit/rate-limit.js'
import type { LimitString } from '../../rate-limit/rate-limit.js'
import { Controller, Get, Post } from '../../routing/routing.js'
import { WithoutCors } from '../../transport/cors.js'
import type { Awaitable, StateStore } from '../../state/state-store.js'
import { Validate } from '../../validation/decorator.js'
import { anyFields } from '../any-fields.js'
import type { ClientSource, OAuthClient } from './clients.js'
import type { ConsentHook, LoginHook, Subject } from './interaction.js'
import { clientOfForm, clientOfQuery, passwordsTried, triedName } from './limit-keys.js'
import { flowsOf, keySetOf, metadataOf, pathsOf } from './metadata.js'
import { checkedOptions } from './options.js'
import type { Resources } from './resources.js'
import { openServer } from './server.js'
import type { Server } from './server.js'

/** What an authorization server is made of. */
export interface AuthorizationServerOptions {
  /** Its name, `https://auth.example.com`: stands in tokens, and clients find it there. HTTPS, but on this machine's own address. */
  readonly issuer: string
  /**
   * What tokens are signed with: keys with `kid` and `privateKey`, such as `{ kid: '2026-11', algorithm: 'ES256', privateKey }`.
   * The first signs, all stand in the key set. To change it: put the new one second, wait until resource servers have
   * fetched the set again, put it first, and take the old one out when its last token has expired.
   */
  readonly keys: readonly KeyOptions[]
  /** The clients that there are, or where they are looked up. */
  readonly clients: readonly OAuthClient[] | ClientSource
  /** The APIs that tokens are for, and their scopes: `{ 'https://api.example.com': { 'orders:read': 'See your orders' } }`. */
  readonly resources: Resources
  /** Says who is at the browser: `loginPage({ check })`, or a hook of your own. Needed where a client may get codes. */
  readonly login?: LoginHook
  /** Asks whether a client may have what it wants. @default a page */
  readonly consent?: ConsentHook
  /**
   * Says who a subject is by now, at each refresh and whenever a browser that is logged in comes back; undefined ends the login: the
   * account was closed. @default whoever it was at the login
   */
  readonly subjectOf?: (id: string) => Awaitable<Subject | undefined>
  /** Before the endpoints: `/oauth/token`. @default '/oauth' */
  readonly path?: string
  /** How often one client at one address may come, to each endpoint. @default '20 per minute' */
  readonly rateLimit?: LimitString
  /** How often a password may be tried for one name at one address. @default '5 per minute' */
  readonly loginLimit?: LimitString
  /** Which proofs bind tokens to keys, where clients send them (RFC 9449). */
  readonly proofs?: ProofOptions
  /** How long things live, in seconds. */
  readonly lifetimes?: ServerLifetimes
}

/** How long things live, in seconds. */
export interface ServerLifetimes {
  /** @default 600 */
  readonly accessToken?: number
  /** From the login on, however often it is renewed. @default 2,592,000, 30 days */
  readonly refreshToken?: number
  /** At most 600. @default 60 */
  readonly code?: number
  /** From when a request is pushed to when the person has logged in. @default 600 */
  readonly pushedRequest?: number
  /** For how long a browser stays logged in at `loginPage`. @default 3600 */
  readonly session?: number
}

/**
 * An OAuth 2.0 authorization server, as a controller to mount: `createApi({ controllers: [authorizationServer({ … }), …] })`.
 *
 * It gives codes with PKCE (S256, for every client), tokens to clients for themselves, and refresh tokens that are used once;
 * there is no implicit and no password grant (RFC 9700). Access tokens are JWTs (RFC 9068), for one resource each (RFC 8707), bound
 * to a key where the client proves one (RFC 9449). It revokes (RFC 7009), answers what a token is worth (RFC 7662), takes pushed
 * requests (RFC 9126), says who it is (RFC 8414, RFC 9207) and shows its keys. What several processes must know together it keeps
 * in the API's `tokens.state`.
 *
 * Throws one `TypeError` that lists what is wrong with the options.
 */
export function authorizationServer(options: AuthorizationServerOptions): Class {
  const checked = checkedOptions(options)
  const { issuer, keys, path, rateLimit, loginLimit } = checked
  const paths = pathsOf(issuer, path)
  const metadata = metadataOf(checked, paths)
  const keySet = keySetOf(keys)
  const byForm = { by: clientOfForm, name: 'oauth' } as const
  const byQuery = { by: clientOfQuery, name: 'oauth' } as const

  @Controller('/', { inject: [tokens.state, tokens.revocations, tokens.clock] })
  @Public()
  @BodyLimit('20kb')
  @ToldByMetadata()
  @GivesTokens(flowsOf(checked, paths))
  class AuthorizationServer {
    readonly #server: Server

    constructor(state: StateStore, revocations: Revocations, clock: Clock) {
      this.#server = openServer(checked, paths, { state, revocations, clock })
    }

    @Get(paths.authorize)
    @WithoutCors()
    @RateLimit(rateLimit, byQuery)
    @Validate({ query: anyFields })
    visit(context: Context<{ query: object }>): Promise<Answer> {
      return this.#server.authorization.visit(context)
    }

    @Post(paths.authorize)
    @WithoutCors()
    @RateLimit(rateLimit, byQuery)
    @RateLimit(loginLimit, { by: triedName, cost: passwordsTried, name: 'login' })
    @Consumes('form')
    @Validate({ query: anyFields, body: anyFields })
    @Audit('oauth.authorize')
    submit(context: Context<{ query: object; body: object }>): Promise<Answer> {
      return this.#server.authorization.submit(context)
    }

    @Post(paths.push)
    @RateLimit(rateLimit, byForm)
    @Consumes('form')
    @Validate({ body: anyFields })
    async push(context: Context<{ body: object }>): Promise<Answer> {
      return reply(201, await this.#server.push(context))
    }

    @Post(paths.token)
    @RateLimit(rateLimit, byForm)
    @Consumes('form')
    @Validate({ body: anyFields })
    @Audit('oauth.token', { redact: ['code'] })
    token(context: Context<{ body: object }>): Promise<object> {
      return this.#server.token.answer(context)
    }

    @Post(paths.introspect)
    @RateLimit('600 per minute', { ...byForm, failureCost: 30 })
    @Consumes('form')
    @Validate({ body: anyFields })
    introspect(context: Context<{ body: object }>): Promise<object> {
      return this.#server.questions.introspect(context)
    }

    @Post(paths.revoke)
    @RateLimit(rateLimit, byForm)
    @Consumes('form')
    @Validate({ body: anyFields })
    @Audit('oauth.revoke')
    async revoke(context: Context<{ body: object }>): Promise<Answer> {
      await this.#server.questions.revoke(context)
      // RFC 7009 §2.2 wants nothing in it; some clients want JSON.
      return reply(200, {})
    }

    @Get(paths.metadata)
    metadata(): Answer {
      return reply(200, metadata, forAWhile)
    }

    @Get(paths.keys)
    keys(): Answer {
      return reply(200, keySet, forAWhile)
    }
  }
  Object.defineProperty(AuthorizationServer, lifetimesKey, { value: Object.freeze({ ...checked.lifetimes }) })
  return AuthorizationServer
}

/** Clients read the metadata of RFC 8414; in a description of the API the endpoints stand as what gives tokens. */
const ToldByMetadata = () => descriptionKind.declare({ hidden: true })
const GivesTokens = (flows: TokenFlows) => tokenFlowsKind.declare(flows)
// A registered symbol: the program `portcullis` may be another installed copy of the package.
const lifetimesKey: unique symbol = Symbol.for('portcullis.lifetimes') as never

/** How long what an authorization server gives out lives; undefined for every other controller. */
export function serverLifetimes(controller: Class): Required<ServerLifetimes> | undefined {
  return (controller as { readonly [lifetimesKey]?: Required<ServerLifetimes> })[lifetimesKey]
}

/** Public, and asked for often: five minutes old is good enough. */
const forAWhile = Object.freeze({ 'Cache-Control': 'public, max-age=300' })
