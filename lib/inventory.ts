import type { OperationDraft } from './operation.js'
import type { RouteSetup } from './protection.js'

/** One route, and what protects it. */
export interface InventoryRow {
  readonly method: string
  readonly path: string
  /** `OrdersController.create` */
  readonly name: string
  /** What each protection says of itself. */
  readonly protections: ProtectionFacts
}

/** What the built-in protections say of a route; those of your own stand beside them. */
export interface ProtectionFacts {
  readonly access?: 'public' | 'authenticated' | { readonly [Kind in 'permissions' | 'roles' | 'scopes']?: readonly string[] }
  /** What is asked of the login behind a token: one of `acr`, all of `amr`, and no more than `maxAge` milliseconds ago. */
  readonly login?: { readonly acr?: readonly string[]; readonly amr?: readonly string[]; readonly maxAge?: number }
  readonly limits?: readonly string[]
  /** How many calls may be at work at once, and whose. */
  readonly concurrency?: readonly string[]
  /** The names of the rules of each part. */
  readonly validates?: { readonly [Part in 'body' | 'query' | 'params' | 'headers']?: string }
  readonly body?: { readonly limit: number; readonly format: string }
  /** Where `@Tenant` reads which tenant a request is about. */
  readonly tenant?: string
  /** Whether `@Authorize` decides about the object that is asked for. */
  readonly object?: true
  /** Whether `@Scope` makes a filter that the handler must look at. */
  readonly scope?: true
  /** Whether `@AuthorizeEach` decides about the elements of lists. */
  readonly elements?: true
  /** Whether one of its rules is only observed. */
  readonly observed?: true
  /** What becomes of an `Idempotency-Key`; `keepFor` in milliseconds. */
  readonly idempotency?: { readonly required: boolean; readonly keepFor: number; readonly whileRunning: 'wait' | 'refuse' }
  readonly timeout?: number
  /** What `@Returns` lets out. */
  readonly returns?: string
  /** The action of `@Audit`. */
  readonly audit?: string
  readonly [name: string]: unknown
}

/** One route, for whoever describes it to those who call it. */
export interface DescribedRoute {
  readonly setup: RouteSetup
  /** What its protections say of themselves. */
  readonly facts: ProtectionFacts
  /** Has each protection write down what it means for clients. */
  readonly document: (operation: OperationDraft) => void
}

/** Gives all routes of an API, once it has started. */
export type RouteCatalogue = () => readonly DescribedRoute[]

/** The rows of all routes, sorted by path. */
export function inventoryOf(
  routes: ReadonlyArray<{ readonly setup: RouteSetup; readonly facts: ProtectionFacts }>,
): readonly InventoryRow[] {
  return routes
    .map(({ setup: { method, path, name }, facts }) => ({ method, path, name, protections: { ...facts } }))
    .toSorted((a, b) => (a.path === b.path ? 0 : a.path < b.path ? -1 : 1))
}
