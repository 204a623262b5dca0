import { isUtf8 } from 'node:buffer'

/** A request target, taken apart. `malformed` says why it is refused, where it would reach one of our routes. */
export interface ReadTarget {
  /** Still encoded. Of a malformed target: the path that another server might make of it, to see whether it means a route. */
  readonly path: string
  /** What follows the first question mark, still encoded. */
  readonly query: string
  /** Why: `target-form`, `target-host`, `target-too-long`, `target-encoding`, `target-utf8`, `target-dots`, `target-query`. */
  readonly malformed?: string
}

/** Targets longer than this are refused before anything reads them. */
const longest = 8_192
const ordinary = /^\/[A-Za-z0-9/_~-]*(?:\?[!"$-~]*)?$/
const wellFormedQuery = /^[!"$-~]*$/
const absolute = /^https?:\/\/([^/?#]*)([^]*)$/i
/** What makes two servers see two paths: separators and dots that are hidden, bytes that end strings, broken escapes. */
const hidden = /%(?:2f|5c|00|0[1-9a-f]|1[0-9a-f]|7f)|[\\#\u0000-\u0020\u007f-\uffff]|%(?![0-9a-f]{2})/i
const brokenEscape = /%(?![0-9a-f]{2})/i
const dots = /(?:^|\/)(?:\.|%2e){1,2}(?:$|\/)/i

/**
 * Reads a request target (RFC 9112 §3.2). The absolute form is accepted where it names the host that `Host` names. A
 * target that servers read in different ways is malformed, with the plainest reading as its path. Nothing is decoded:
 * the router does that, once, so that `/%2561` holds the text `%61`. Double slashes and `;` are data.
 */
export function readTarget(target: string, host: string | undefined): ReadTarget {
  return target.length <= longest && ordinary.test(target) ? split(target) : readUnusual(target, host)
}

function readUnusual(target: string, host: string | undefined): ReadTarget {
  if (target.length > longest) return { path: plainest(split(target.slice(0, longest)).path), query: '', malformed: 'target-too-long' }
  if (target.startsWith('/')) return readPath(target)
  const parts = absolute.exec(target)
  if (parts === null) return { path: plainest(split(target).path), query: '', malformed: 'target-form' }
  const [, authority = '', rest = ''] = parts
  const inner = readPath(rest.startsWith('/') ? rest : `/${rest}`)
  if (host === undefined || authority.toLowerCase() !== host.toLowerCase()) return { ...inner, malformed: 'target-host' }
  return inner
}

function split(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf('?')
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

function readPath(target: string): ReadTarget {
  const { path, query } = split(target)
  const malformed = wrongWith(path) ?? (wellFormedQuery.test(query) ? undefined : 'target-query')
  return malformed === undefined ? { path, query } : { path: plainest(path), query, malformed }
}

function wrongWith(path: string): string | undefined {
  if (hidden.test(path)) return 'target-encoding'
  if (dots.test(path)) return 'target-dots'
  if (!path.includes('%')) return undefined
  try {
    decodeURIComponent(path)
    return undefined
  } catch {
    return 'target-utf8'
  }
}

/** What the most forgiving server would make of a path: slashes unhidden, dot segments resolved, the rest cut off. */
function plainest(path: string): string {
  const slashes = path
    .replaceAll(/%2f|%5c|\\/gi, '/')
    .replaceAll(/%2e/gi, '.')
    .replace(/[#\u0000][^]*$|%00[^]*$/, '')
  const segments: string[] = []
  for (const segment of slashes.split('/').slice(1)) {
    if (segment === '..') segments.pop()
    else if (segment !== '.') segments.push(readable(segment))
  }
  return `/${segments.join('/')}`
}

/** A segment whose escapes are broken is taken as the text that it is. Throws nothing: 4,000 caught errors are 25 ms. */
function readable(segment: string): string {
  if (!segment.includes('%')) return segment
  const isWhole = !brokenEscape.test(segment) && isUtf8(bytesOf(segment))
  return isWhole ? segment : segment.replaceAll('%', '%25')
}

function bytesOf(segment: string): Buffer {
  return Buffer.from(
    segment.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
}
