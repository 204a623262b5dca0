import type { Context } from '../../context.js'
import { cookieIn, hostCookie } from '../cookies.js'
import { isFromSameOrigin } from '../same-origin.js'
import { digest, isSame, randomSecret } from './secrets.js'

const cookieName = '__Host-oauth-form'

/**
 * Tells forms of this server's own pages from those of other sites, which must neither log a browser in nor give consent in its
 * name. Browsers say where a form comes from; for whatever does not, pages hold a token that belongs to a cookie of the browser.
 */
export class FormGuard {
  constructor(private readonly origin: string) {}

  /** What a page puts into its forms, as `form_token`; the browser is given its cookie. */
  tokenFor(context: Context): string {
    const known = secretIn(context)
    const secret = known ?? randomSecret()
    if (known === undefined) context.setHeader('Set-Cookie', hostCookie(cookieName, secret))
    return tokenOf(secret)
  }

  /** Whether a form was filled in on a page of ours. */
  isOwn(context: Context, form: ReadonlyMap<string, string>): boolean {
    const { headers } = context.request
    if (headers['sec-fetch-site'] !== undefined || headers.origin !== undefined) return isFromSameOrigin(context.request, this.origin)
    const secret = secretIn(context)
    return secret !== undefined && isSame(form.get('form_token') ?? '', tokenOf(secret))
  }
}

function secretIn({ request }: Context): string | undefined {
  const secret = cookieIn(request.headers.cookie, cookieName)
  return secret !== undefined && /^[A-Za-z0-9_-]{43}$/.test(secret) ? secret : undefined
}

function tokenOf(secret: string): string {
  return digest(`form ${secret}`)
}
