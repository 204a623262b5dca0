/** A slash or a backslash, then another of them, plain or encoded: some reader may take what follows for a host. */
const host = /^\/(?:[/\\]|%2f|%5c)/i
const encodedControl = /^[^?#]*%(?:[01][0-9a-f]|7f)/i

/**
 * Where a browser goes after its login: a path of this very origin, or `fallback` for everything else, however it is written. Asked
 * for by whoever made the link, so it must never lead away (open redirect).
 */
export function returnAddress(wanted: unknown, origin: string, fallback: string): string {
  if (typeof wanted !== 'string' || wanted.length > 2_000 || !/^\/[\x21-\x5b\x5d-\x7e]*$/.test(wanted)) return fallback
  const url = URL.canParse(wanted, origin) ? new URL(wanted, origin) : undefined
  if (url?.origin !== origin) return fallback
  const address = `${url.pathname}${url.search}${url.hash}`
  // Asked of both: dot segments may leave two slashes in front.
  return [wanted, address].some((one) => host.test(one) || encodedControl.test(one)) ? fallback : address
}
