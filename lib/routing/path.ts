const segment = /^(?::[A-Za-z_][A-Za-z0-9_]*|[A-Za-z0-9\-._~!$&'@+,=]+)$/

/** A route's path, checked and taken apart. */
export interface RoutePath {
  /** `/api/v1/orders/:id` */
  readonly path: string
  readonly params: readonly string[]
}

/** Joins a controller's prefix and a method's path. Throws a `TypeError` that says what is wrong with either. */
export function routePath(prefix: string, path: string): RoutePath {
  const segments = [...segmentsOf(prefix), ...segmentsOf(path)]
  segments.forEach((one, index) => checkSegment(one, index === segments.length - 1))
  const params = segments.flatMap((one) => (one === '*' ? ['*'] : one.startsWith(':') ? [one.slice(1)] : []))
  const repeated = params.find((name, index) => params.indexOf(name) !== index)
  if (repeated !== undefined) throw new TypeError(`its path has two parameters called "${repeated}"`)
  return { path: `/${segments.join('/')}`, params }
}

function segmentsOf(path: string): readonly string[] {
  if (path === '' || path === '/') return []
  if (!path.startsWith('/')) throw new TypeError(`its path "${path}" does not start with "/"`)
  if (path.endsWith('/')) throw new TypeError(`its path "${path}" ends with "/", which would be another path`)
  return path.slice(1).split('/')
}

function checkSegment(text: string, isLast: boolean): void {
  if (text === '*' && isLast) return
  if (text === '.' || text === '..' || !segment.test(text)) {
    throw new TypeError(`its path holds "${text}": a segment is plain text, ":name", or a final "*"`)
  }
}
