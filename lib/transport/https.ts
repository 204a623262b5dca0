import { ApiError, HttpsRequired } from '../errors.js'
import type { Protection } from '../protection.js'

/** What happens to requests over plain HTTP. */
export type HttpsMode = 'require' | 'redirect' | 'off'

const hostName = /^[A-Za-z0-9.-]+(?::\d{1,5})?$/

/**
 * Requires TLS between the client and whoever it speaks with. `require` refuses plain HTTP: an API that redirects hides
 * that its client sends the token in the clear each time. `redirect` is for routes that browsers open: GET and HEAD go to
 * `host`, which is never taken from the request.
 */
export function https(mode: HttpsMode, options: { readonly host: string | undefined }): Protection {
  return {
    name: 'https',
    phase: 'transport',
    compile(route) {
      if (mode === 'off') return undefined
      if (mode === 'require') {
        return function requireHttps({ client }) {
          if (!client.secure) throw new HttpsRequired()
        }
      }
      const { host } = options
      if (host === undefined || !hostName.test(host)) {
        route.mistake("https: 'redirect' does not say where to", "set httpsHost to the API's public host, such as 'api.example.com'")
        return undefined
      }
      return function redirectToHttps({ client, request, target: { path, query } }) {
        if (client.secure) return
        if (request.method !== 'GET' && request.method !== 'HEAD') throw new HttpsRequired()
        const location = `https://${host}${path}${query === '' ? '' : `?${query}`}`
        throw new ApiError(308, 'https-redirect', 'HTTPS required', 'This is served over HTTPS.', { headers: ['Location', location] })
      }
    },
  }
}
