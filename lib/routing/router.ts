import { Bare } from '../bare.js'
import { methods } from './routing.js'
import type { Method } from './routing.js'

type Params = Readonly<Record<string, string | undefined>>

/** A route that a request is for, with the path's parameters, decoded once. */
export interface Match<Route> {
  readonly route: Route
  readonly params: Params
}

/** Where a route ends, and what its parameters are called, in turn. */
interface Leaf<Route> {
  readonly route: Route
  readonly names: readonly string[]
}

/** What may follow after the segments so far. */
interface Branch<Route> {
  readonly texts: Map<string, Branch<Route>>
  /** `:name` */
  any: Branch<Route> | undefined
  /** `*`: all that follows. */
  rest: Leaf<Route> | undefined
  leaf: Leaf<Route> | undefined
}

const none: Params = Object.freeze({})

/**
 * Finds the route of a request. One matcher for all hosts: case counts, slashes count, the path is percent-decoded
 * once, segment by segment, and static segments win over parameters. It makes no code out of text.
 */
export class Router<Route> {
  readonly #roots = new Map<string, Branch<Route>>()
  /** The paths without parameters, by method. */
  readonly #plain = new Map<string, Map<string, Match<Route>>>()

  /** Adds a route; of two on one path the last counts, which is for the caller to find first. */
  add(method: Method, path: string, route: Route): void {
    const names: string[] = []
    let branch = this.#roots.get(method) ?? emptyBranch<Route>()
    this.#roots.set(method, branch)
    for (const segment of segmentsOf(path)) {
      if (segment === '*') {
        branch.rest = { route, names: [...names, '*'] }
        return
      }
      if (segment.startsWith(':')) names.push(segment.slice(1))
      branch = next(branch, segment)
    }
    branch.leaf = { route, names }
    if (names.length === 0) this.#addPlain(method, path, route)
  }

  #addPlain(method: Method, path: string, route: Route): void {
    const own = this.#plain.get(method) ?? new Map<string, Match<Route>>()
    this.#plain.set(method, own.set(path, { route, params: none }))
  }

  /** The route for `method` and the still encoded `path`; HEAD is served by GET's route where it has none of its own. */
  find(method: string, path: string): Match<Route> | undefined {
    return this.#find(method, path) ?? (method === 'HEAD' ? this.#find('GET', path) : undefined)
  }

  /** The methods that `path` answers to, for `Allow`: empty when there is no such path. */
  allowed(path: string): readonly Method[] {
    return methods.filter((method) => this.find(method, path) !== undefined)
  }

  /** What `path` leads to by any method. */
  at(path: string): readonly Route[] {
    return methods.flatMap((method) => this.find(method, path)?.route ?? [])
  }

  #find(method: string, path: string): Match<Route> | undefined {
    const plain = this.#plain.get(method)?.get(path)
    if (plain !== undefined) return plain
    const root = this.#roots.get(method)
    if (root === undefined || !path.startsWith('/')) return undefined
    const values: string[] = []
    const leaf = leafOf(root, path, values)
    return leaf === undefined ? undefined : { route: leaf.route, params: named(leaf.names, values) }
  }
}

function emptyBranch<Route>(): Branch<Route> {
  return { texts: new Map(), any: undefined, rest: undefined, leaf: undefined }
}

function next<Route>(branch: Branch<Route>, segment: string): Branch<Route> {
  if (segment.startsWith(':')) return (branch.any ??= emptyBranch())
  const known = branch.texts.get(segment)
  if (known !== undefined) return known
  const made = emptyBranch<Route>()
  branch.texts.set(segment, made)
  return made
}

function segmentsOf(path: string): readonly string[] {
  return path === '/' ? [] : path.slice(1).split('/')
}

/** A path on its way down the tree, and how its segments are read. */
interface Trail {
  readonly path: string
  readonly read: (text: string) => string
}

function asItStands(text: string): string {
  return text
}

/** Where the path leads to; undefined where an escape is broken, too: no route has such a path. */
function leafOf<Route>(root: Branch<Route>, path: string, values: string[]): Leaf<Route> | undefined {
  const trail = { path, read: path.includes('%') ? decodeURIComponent : asItStands }
  try {
    // Of `/` there is no segment: it begins behind the end.
    return follow(root, trail, path === '/' ? 2 : 1, values)
  } catch {
    return undefined
  }
}

/** Goes down the tree, as far as the segments lead; what was tried in vain is taken back. `/orders/` is not an order without a name. */
function follow<Route>(branch: Branch<Route>, trail: Trail, start: number, values: string[]): Leaf<Route> | undefined {
  const { path, read } = trail
  if (start > path.length) return branch.leaf
  const slash = path.indexOf('/', start)
  const end = slash < 0 ? path.length : slash
  const segment = read(path.slice(start, end))
  const text = branch.texts.get(segment)
  const byText = text === undefined ? undefined : follow(text, trail, end + 1, values)
  if (byText !== undefined) return byText
  if (branch.any !== undefined && segment !== '') {
    values.push(segment)
    const byName = follow(branch.any, trail, end + 1, values)
    if (byName !== undefined) return byName
    values.pop()
  }
  const rest = branch.rest === undefined ? '' : read(path.slice(start))
  if (rest === '') return undefined
  values.push(rest)
  return branch.rest
}

function named(names: readonly string[], values: readonly string[]): Params {
  if (names.length === 0) return none
  const params = new Bare() as Record<string, string | undefined>
  for (const [index, name] of names.entries()) params[name] = values[index]
  return params
}
