/**
 * An address as `htu` is compared (RFC 9449 §4.3): without query and fragment, scheme and host in lower case, no default port, no
 * dot segments, and nothing escaped that need not be (RFC 3986 §6.2.2). Undefined where it is no web address.
 */
export function normalUrl(address: unknown): string | undefined {
  if (typeof address !== 'string' || !/^https?:\/\/[^/?#\\@\s]/i.test(address) || !URL.canParse(address)) return undefined
  const { protocol, host, pathname, username, password } = new URL(address)
  if (username !== '' || password !== '') return undefined
  return `${protocol}//${host}${pathname.replaceAll(/%[0-9a-f]{2}/gi, plain)}`
}

function plain(escaped: string): string {
  const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
  return /[A-Za-z0-9._~-]/.test(character) ? character : escaped.toUpperCase()
}
