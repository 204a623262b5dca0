/** The addresses of this machine that a native app listens on (RFC 8252 §7.3): literals, since a name may resolve elsewhere. */
const loopback: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]'])

/**
 * Whether a redirect URI is one of those that a client registered: the same to the character (RFC 9700 §2.1). The port of a
 * public client on this machine's own address may be another, since it takes a free one (RFC 8252 §7.3).
 */
export function isRegisteredRedirect(given: string, registered: readonly string[], isPublic: boolean): boolean {
  return registered.some((one) => one === given || (isPublic && isSameButPort(given, one)))
}

function isSameButPort(given: string, registered: string): boolean {
  const port = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::(\d{1,5}))?(\/[^]*)?$/
  const [, host, number = '0', rest] = port.exec(given) ?? []
  const [, expected, , expectedRest] = port.exec(registered) ?? []
  return host !== undefined && host === expected && rest === expectedRest && Number(number) <= 65_535
}

/** What is wrong with a redirect URI that shall be registered; undefined where nothing is. */
export function redirectMistake(uri: unknown): string | undefined {
  if (typeof uri !== 'string' || !URL.canParse(uri)) return 'is no absolute URL'
  const url = new URL(uri)
  if (uri.includes('#')) return 'has a fragment'
  if (uri.includes('*') || /[\s\\]/.test(uri)) return 'has a character that a pattern or a mistake would have'
  if (url.username !== '' || url.password !== '') return 'holds credentials'
  if (url.searchParams.has('code') || url.searchParams.has('state') || url.searchParams.has('iss'))
    return 'has a parameter of the answer in it'
  if (url.protocol === 'https:' || (url.protocol === 'http:' && loopback.has(url.hostname))) return undefined
  if (url.protocol === 'http:') return 'is plain HTTP, and not on 127.0.0.1 or [::1]'
  // RFC 8252 §7.1: a domain that its owner reversed, so that no other app claims it by accident, and never javascript:
  return /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:$/.test(url.protocol) ? undefined : 'has a scheme that no app can call its own'
}

/** `uri` with the parameters of an answer added to what it has; nothing else of it changes. */
export function redirectTo(uri: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined)
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams(given).toString()}`
}
