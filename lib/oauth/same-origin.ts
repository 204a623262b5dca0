import type { ApiRequest } from '../context.js'

/**
 * Whether a page of this very origin made a request: by `Sec-Fetch-Site`, which no page can forge, or in older browsers by
 * `Origin`. A request that says neither is not taken for one (cross-site request forgery).
 */
export function isFromSameOrigin({ headers }: ApiRequest, origin: string): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin'
  return headers.origin === origin
}
