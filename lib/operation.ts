import type { JsonSchema, SchemaComponents } from './json-schema.js'
import { kind } from './policy.js'

/** What protections say about a route to those who call it. A protection writes here what its declarations mean for clients. */
export interface OperationDraft {
  readonly schemas: SchemaComponents
  /** Something that a request may bear besides its body. */
  parameter(parameter: ParameterDraft): void
  /** What its body is; several protections may know a part of it. */
  body(body: BodyDraft): void
  /** What a success holds. `mediaType` is JSON where it is not said. */
  answer(schema: JsonSchema, mediaType?: string): void
  /** A problem that it may be answered with. */
  refusal(refusal: RefusalDraft): void
  /** A header of every answer. */
  header(name: string, header: HeaderDraft): void
  /** How callers make themselves known: in one of these ways. Where nothing is said, everybody may call. */
  callers(schemes: readonly CallerScheme[]): void
  /**
   * What a caller must have: the names of one of these lists. Of several calls, all count. A permission is also a scope, where an
   * authorization server has one of its name.
   */
  needs(are: 'scope' | 'permission' | 'role', alternatives: ReadonlyArray<readonly string[]>): void
  /** A sentence for people. */
  note(sentence: string): void
  /** A fact for programs that know it. */
  extension(name: `x-${string}`, value: unknown): void
}

/** Something that a request may bear besides its body. */
export interface ParameterDraft {
  readonly in: 'path' | 'query' | 'header'
  readonly name: string
  readonly required: boolean
  readonly schema: JsonSchema
}

/** What is known of a body. */
export interface BodyDraft {
  readonly mediaType?: string
  readonly schema?: JsonSchema
  readonly required?: boolean
}

/** A header of an answer. */
export interface HeaderDraft {
  readonly description: string
  readonly schema: JsonSchema
}

/** A problem, by its status and code. */
export interface RefusalDraft {
  readonly status: number
  readonly code: string
  readonly headers?: Readonly<Record<string, HeaderDraft>>
}

/** One way of making oneself known, as OpenAPI describes it (Security Scheme Object). */
export interface CallerScheme {
  /** `bearer`, `apiKey` */
  readonly name: string
  readonly scheme: Readonly<Record<string, unknown>> & { readonly type: string }
  /** Whose tokens are taken: an authorization server among them is told of. */
  readonly issuers?: readonly string[]
}

/** Where tokens of an issuer are to be had, as OpenAPI describes it (OAuth Flows Object). */
export interface TokenFlows {
  readonly issuer: string
  readonly flows: Readonly<Record<string, { readonly scopes: Readonly<Record<string, string>>; readonly [name: string]: unknown }>>
}

/** What people say of a route, where its declarations do not tell. */
export interface RouteDescription {
  /** A few words. @default the name of the method */
  readonly summary?: string
  /** Sentences; CommonMark. */
  readonly description?: string
  /** What it is listed under. @default the name of its controller */
  readonly tags?: readonly string[]
  readonly deprecated?: boolean
  /** What a success is answered with. @default any of 200 to 299 */
  readonly status?: number
  /** Errors that the handler throws, by status and code: `[[409, 'conflict']]`. */
  readonly errors?: ReadonlyArray<readonly [status: number, code: string]>
  /** Leaves the route out. @default false */
  readonly hidden?: boolean
}

/** What is said of a route or of its class; the nearest counts, for each part alone. */
export const descriptionKind = kind<RouteDescription>('Describe')

/** Said of a controller that gives out tokens. */
export const tokenFlowsKind = kind<TokenFlows>('TokenFlows')
