import type { Answer } from '../../answer.js'
import type { Context } from '../../context.js'
import type { Awaitable } from '../../state/state-store.js'

/** Who logged in. */
export interface Subject {
  /** Becomes `sub`. Must not be the id of a client. */
  readonly id: string
  /** Stands in access tokens besides what the server says itself: `{ roles: ['customer'] }`. */
  readonly claims?: Readonly<Record<string, unknown>>
  /**
   * When the person logged in, in milliseconds since 1970, where that was not here: becomes `auth_time`, by which APIs ask for a recent login.
   * @default the start of the session here; without one, the moment of the answer
   */
  readonly authenticatedAt?: number
}

/** A scope that a client asks for. */
export interface AskedScope {
  readonly name: string
  /** What it lets the client do, for people to read. */
  readonly description: string
}

/** A browser that came with an authorization request which is sound. */
export interface Visit {
  readonly context: Context
  readonly client: { readonly id: string; readonly name: string }
  readonly scopes: readonly AskedScope[]
  /**
   * The longest that the login may be ago, in seconds, where the client says so (`max_age`). `session` is none that is older; a hook with a login
   * of its own asks for the password again where that is.
   */
  readonly maxAge: number | undefined
  /** Path and query of this very request: where a page posts its form to, and where a login of your own sends the browser back to. */
  readonly url: string
  /** Where the browser goes in the end: a page must allow its form to be answered with a redirect there (`form-action`). */
  readonly redirectUri: string
  /**
   * Goes into each form of a page, in a hidden field `form_token`: shows that it is a page of this server where a browser does not say
   * so itself.
   */
  readonly formToken: string
  /** The fields that were posted from a page of this server; undefined where the page is to be shown. */
  readonly form: ReadonlyMap<string, string> | undefined
  /** The login that this browser has here, for pages that need one; a hook with a login of its own need not look at it. */
  readonly session: BrowserSession
}

/** The login of one browser at the authorization server, behind a cookie. */
export interface BrowserSession {
  /** Who is logged in. */
  readonly subject: Subject | undefined
  /** Logs somebody in, under a new cookie. */
  start(subject: Subject): Promise<void>
  end(): Promise<void>
}

/** Says who is at the browser, or answers with a page or a redirect to find out. */
export type LoginHook = (visit: Visit) => Awaitable<Subject | Answer>

/** Says whether the person lends the client what it asks for, or answers with a page that asks. */
export type ConsentHook = (visit: Visit & { readonly subject: Subject }) => Awaitable<boolean | Answer>
