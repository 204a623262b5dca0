import { Answer, reply } from '../../answer.js'
import { noteEvent } from '../../audit/security-events.js'
import type { Context } from '../../context.js'
import { PermissionDenied } from '../../errors.js'
import { requestOf, returnAddressOf } from './authorization-request.js'
import type { AuthorizationRequest, ReturnAddress } from './authorization-request.js'
import { isPublicClient } from './clients.js'
import type { ClientSource } from './clients.js'
import { FormGuard } from './form-guard.js'
import type { Grants } from './grants.js'
import type { ConsentHook, LoginHook, Subject, Visit } from './interaction.js'
import { OAuthError } from './oauth-error.js'
import type { OAuthState } from './oauth-state.js'
import { pageError } from './page.js'
import { OAuthParameters } from './parameters.js'
import type { PushedRequests } from './pushed-requests.js'
import { redirectTo } from './redirect-uri.js'
import type { ResourceCatalogue } from './resources.js'
import { randomSecret } from './secrets.js'
import type { LoginSessions, OpenSession } from './sessions.js'

/** What the authorization endpoint stands on. */
export interface AuthorizationServices {
  readonly issuer: string
  readonly clients: ClientSource
  readonly catalogue: ResourceCatalogue
  readonly grants: Grants
  readonly pushed: PushedRequests
  readonly sessions: LoginSessions
  readonly state: OAuthState
  readonly login: LoginHook
  readonly consent: ConsentHook
}

/** How long what somebody allowed to a client is remembered, in milliseconds. */
const consentMemory = 365 * 86_400_000

/** A login as young as this is new to any `max_age`, in milliseconds: what follows on it takes its time, and must not ask for it again. */
const fresh = 60_000

type Form = Visit['form']

/**
 * The authorization endpoint (RFC 6749 §3.1): is the request sound, who is at the browser, what may the client have, and back
 * with a code. Nothing is kept of a request until somebody has logged in and allowed it: each step judges the whole of it again.
 */
export class AuthorizationEndpoint {
  readonly #guard: FormGuard

  constructor(private readonly services: AuthorizationServices) {
    this.#guard = new FormGuard(new URL(services.issuer).origin)
  }

  /** A browser comes with a request (GET). */
  visit(context: Context): Promise<Answer> {
    return this.#answer(context, undefined)
  }

  /** A browser comes with a page that was filled in (POST). */
  async submit(context: Context): Promise<Answer> {
    const form = formOf(context.body)
    if (!this.#guard.isOwn(context, form)) {
      throw new PermissionDenied('This form was not sent from a page of this server.', {
        reason: 'cross-site-form',
        event: 'malicious_csrf',
      })
    }
    return this.#answer(context, form)
  }

  async #answer(context: Context, form: Form): Promise<Answer> {
    const { parameters, requestUri, address } = await this.#address(new OAuthParameters(context.query))
    try {
      const request = requestOf(parameters, address, this.services.catalogue)
      if (requestUri === undefined && address.client.pushesRequests === true) {
        throw new OAuthError('invalid_request', 'This client pushes its requests.', { reason: 'not-pushed' })
      }
      return await this.#interact(context, request, requestUri, form)
    } catch (thrown) {
      if (!(thrown instanceof OAuthError)) throw thrown
      if (thrown.event === 'authz_fail') noteEvent(context, 'authz_fail')
      return this.#back(address, { error: thrown.error, error_description: thrown.message })
    }
  }

  /** What was asked, and where the answer goes. Where that is not sure, the person is told. */
  async #address(given: OAuthParameters) {
    const requestUri = given.get('request_uri')
    try {
      const parameters = requestUri === undefined ? given : await this.services.pushed.find(requestUri, given.require('client_id'))
      return { parameters, requestUri, address: await returnAddressOf(parameters, this.services.clients) }
    } catch (thrown) {
      if (!(thrown instanceof OAuthError)) throw thrown
      throw pageError('This link does not work', `${thrown.message} Go back to the program that sent you here, and try again.`, {
        reason: thrown.reason,
      })
    }
  }

  async #interact(context: Context, request: AuthorizationRequest, requestUri: string | undefined, form: Form): Promise<Answer> {
    const session = this.#recent(await this.services.sessions.of(context), request.maxAge)
    const visit = this.#visitOf(context, request, session, form)
    const subject = await this.services.login(visit)
    if (subject instanceof Answer) return subject
    await this.#requireSound(subject)
    const consent: unknown = await this.#consent(visit, request, subject)
    if (consent instanceof Answer) return consent
    // Only `true`: a hook that forgets to answer has allowed nothing.
    if (consent !== true) throw new OAuthError('access_denied', 'The request was not allowed.', { event: 'authz_fail' })
    if (requestUri !== undefined) await this.services.pushed.use(requestUri)
    return this.#grant(request, subject, session)
  }

  /** The login of this browser, if it is not longer ago than the client wants. */
  #recent(session: OpenSession, maxAge: number | undefined): OpenSession {
    if (maxAge === undefined || session.startedAt === undefined) return session
    const age = this.services.state.clock.now() - session.startedAt
    return age <= Math.max(fresh, maxAge * 1000) ? session : { ...session, subject: undefined, startedAt: undefined }
  }

  async #grant(request: AuthorizationRequest, subject: Subject, session: OpenSession): Promise<Answer> {
    const { client, redirectUri, challenge, scopes, resources, proofKey } = request
    const startedAt = session.subject?.id === subject.id ? session.startedAt : undefined
    const code = await this.services.grants.code({
      clientId: client.id,
      ...{ redirectUri, challenge, subject, scopes, resources },
      authenticatedAt: subject.authenticatedAt ?? startedAt ?? this.services.state.clock.now(),
      sessionId: randomSecret(),
      ...(proofKey === undefined ? {} : { proofKey }),
    })
    return this.#back(request, { code })
  }

  /** A person whose id is a client's would be taken for that client (RFC 9700 §4.15). */
  async #requireSound({ id, authenticatedAt }: Subject): Promise<void> {
    if (typeof id !== 'string' || id === '') throw new TypeError('the login hook gave a subject without an id')
    if (!Number.isFinite(authenticatedAt ?? 0)) throw new TypeError('the login hook gave an authenticatedAt that is no time')
    if ((await this.services.clients.find(id)) !== undefined) throw new TypeError('the login hook gave a subject whose id is a client')
  }

  async #consent(visit: Visit, { client, scopes }: AuthorizationRequest, subject: Subject): Promise<boolean | Answer> {
    if (client.skipsConsent === true) return true
    const { state } = this.services
    const name = JSON.stringify([client.id, subject.id])
    // Any program can say to be a public client: what was allowed to the true one must not be given to it unasked.
    const isAskedAlways = isPublicClient(client)
    const before = isAskedAlways ? undefined : await state.get<readonly string[]>('consent', name)
    if (before !== undefined && scopes.every((scope) => before.value.includes(scope))) return true
    const decision = await this.services.consent({ ...visit, subject })
    if (!isAskedAlways && !(decision instanceof Answer) && decision)
      await state.set('consent', name, [...(before?.value ?? []), ...scopes], consentMemory)
    return decision
  }

  #visitOf(context: Context, { client, scopes, redirectUri, maxAge }: AuthorizationRequest, session: OpenSession, form: Form): Visit {
    const asked = scopes.map((name) => ({ name, description: this.services.catalogue.describe(name) }))
    const [, query = ''] = /\?(.*)$/s.exec(context.request.target) ?? []
    // The path is ours: a target may be written with a host in front, and a browser must not be sent there.
    const url = `${context.request.mountPath ?? ''}${context.route.path}?${query}`
    return {
      context,
      client: { id: client.id, name: client.name ?? client.id },
      scopes: asked,
      url,
      redirectUri,
      maxAge,
      form,
      session,
      formToken: this.#guard.tokenFor(context),
    }
  }

  /** 303, so that no browser posts the password on (RFC 9700 §4.12); `iss` against mix-up (RFC 9207 §2). */
  #back({ redirectUri, state }: ReturnAddress, answer: Readonly<Record<string, string>>): Answer {
    return reply(303, undefined, { Location: redirectTo(redirectUri, { ...answer, state, iss: this.services.issuer }) })
  }
}

function formOf(body: unknown): ReadonlyMap<string, string> {
  return new Map(Object.entries(body ?? {}).filter((pair): pair is [string, string] => typeof pair[1] === 'string'))
}
