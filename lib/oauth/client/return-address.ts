/**
 * Where a browser goes after its login: a path of this very origin, or `fallback` for everything else, however it is written. Asked
 * for by whoever made the link, so it must never lead away (open redirect).
 */
export function returnAddress(wanted: unknown, origin: string, fallback: string): string {
  if (typeof wanted !== 'string' || wanted.length > 2_000 || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(wanted)) return fallback
  const url = URL.canParse(wanted, origin) ? new URL(wanted, origin) : undefined
  // Dot segments may leave two slashes in front, which another look at it would take for a host.
  return url?.origin === origin && !url.pathname.startsWith('//') ? `${url.pathname}${url.search}${url.hash}` : fallback
}
