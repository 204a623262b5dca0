/**
 * The value of a cookie; undefined where there is none, or where two have the name: one of them was put there by somebody else.
 *
 * @param header the `Cookie` header
 */
export function cookieIn(header: string | undefined, name: string): string | undefined {
  const found = (header ?? '').split(';').flatMap((pair) => {
    const equals = pair.indexOf('=')
    return equals > 0 && pair.slice(0, equals).trim() === name ? [pair.slice(equals + 1).trim()] : []
  })
  return found.length === 1 ? found[0] : undefined
}

/**
 * A `Set-Cookie` for a cookie that scripts cannot read, that no other host of the domain can set (the name must begin with
 * `__Host-`), and that other sites send along only when they link here.
 *
 * @param seconds how long it lives; 0 takes it away. Until the browser closes where it is left out
 */
export function hostCookie(name: string, value: string, seconds?: number): string {
  const age = seconds === undefined ? '' : `; Max-Age=${seconds}`
  return `${name}=${value}; Path=/${age}; Secure; HttpOnly; SameSite=Lax`
}
