import { ApiError, HttpsRequired } from '../errors.js'
import type { Protection, RouteSetup } from '../protection.js'

/** What happens to requests over plain HTTP, or that there are none, since TLS ends in front of the API. */
export type HttpsMode = 'require' | 'redirect' | 'terminated' | 'off'

const locationHeader = { description: 'The same over HTTPS.', schema: { type: 'string', format: 'uri' } }

const hostName = /^[A-Za-z0-9.-]+(?::\d{1,5})?$/

/**
 * Requires TLS between the client and whoever it speaks with. `require` refuses plain HTTP: an API that redirects hides
 * that its client sends the token in the clear each time. `redirect` is for routes that browsers open: GET and HEAD go to
 * `host`, which is never taken from the request. `terminated` is `require` where the way from whoever ends TLS counts as TLS; a trusted proxy
 * can still say that a client came without it.
 */
export function https(mode: HttpsMode, options: { readonly host: string | undefined }): Protection {
  let isTold = false
  /** One mistake for the API, not one for each of its routes. */
  function mistakeOnce(route: RouteSetup, problem: string, mend: string): undefined {
    if (!isTold) route.mistake(problem, mend)
    isTold = true
  }
  return {
    name: 'https',
    phase: 'transport',
    compile(route) {
      if (mode === 'off') return undefined
      if (mode === 'require' || mode === 'terminated') {
        return function requireHttps({ client }) {
          if (!client.secure) throw new HttpsRequired()
        }
      }
      if (mode !== 'redirect') {
        return mistakeOnce(route, `https: ${JSON.stringify(mode)} is no mode`, "write 'require', 'redirect', 'terminated' or 'off'")
      }
      const { host } = options
      if (host === undefined || !hostName.test(host)) {
        return mistakeOnce(
          route,
          "https: 'redirect' does not say where to",
          "set httpsHost to the API's public host, such as 'api.example.com'",
        )
      }
      return function redirectToHttps({ client, request, target: { path, query, malformed } }) {
        if (client.secure) return
        // Nobody is sent to where a target that has two readings may lead.
        if ((request.method !== 'GET' && request.method !== 'HEAD') || malformed !== undefined) throw new HttpsRequired()
        const location = `https://${host}${request.mountPath ?? ''}${path}${query === '' ? '' : `?${query}`}`
        throw new ApiError(308, 'https-redirect', 'HTTPS required', 'This is served over HTTPS.', { headers: ['Location', location] })
      }
    },
    document({ method }, operation) {
      if (mode !== 'off') operation.refusal({ status: 403, code: 'https-required' })
      if (mode !== 'redirect' || method !== 'GET') return
      operation.refusal({ status: 308, code: 'https-redirect', headers: { Location: locationHeader } })
    },
  }
}
