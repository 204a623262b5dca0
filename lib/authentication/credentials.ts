import type { ApiRequest } from '../context.js'

const space = 0x20

/**
 * What stands behind `scheme` in the `Authorization` header (RFC 6750 §2.1): empty where the scheme stands alone, undefined
 * where there is no header or it is of another scheme. Schemes are compared without case.
 */
export function credentialsIn(authorization: string | undefined, scheme: 'bearer' | 'dpop'): string | undefined {
  if (authorization === undefined || authorization.slice(0, scheme.length).toLowerCase() !== scheme) return undefined
  let start = scheme.length
  while (authorization.charCodeAt(start) === space) start += 1
  return start === scheme.length && authorization.length > start ? undefined : authorization.slice(start)
}

/** Whether two `Authorization` headers came: Node keeps the first and says nothing, a proxy may have read the other. */
export function isAuthorizedTwice({ rawHeaders }: ApiRequest): boolean {
  let found = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === 13 && name.toLowerCase() === 'authorization') found += 1
  }
  return found > 1
}

/** Whether the query names an access token (RFC 6750 §2.3): it is never used, since addresses end up in logs. */
export function isTokenInQuery(query: string): boolean {
  if (query === '') return false
  return query.includes('%') ? new URLSearchParams(query).has('access_token') : plainParameter.test(query)
}

const plainParameter = /(?:^|&)access_token(?:[=&]|$)/
