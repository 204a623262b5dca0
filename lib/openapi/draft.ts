import type { JsonSchema } from '../json-schema.js'
import type { BodyDraft, CallerScheme, HeaderDraft, OperationDraft, ParameterDraft, RefusalDraft } from '../operation.js'
import type { Components } from './components.js'

/** What a caller must have: the names of one of the lists. */
export interface Needed {
  readonly are: 'scope' | 'permission' | 'role'
  readonly alternatives: ReadonlyArray<readonly string[]>
}

/** One problem status: its codes, and the headers that come with it. */
export interface Refused {
  readonly codes: Set<string>
  readonly headers: Map<string, HeaderDraft>
}

/** Headers that OpenAPI tells of in other places (Parameter Object). */
const saidElsewhere: ReadonlySet<string> = new Set(['accept', 'content-type', 'authorization'])

/** Collects what the protections of one route say. */
export class Draft implements OperationDraft {
  readonly parameters: ParameterDraft[] = []
  readonly refusals = new Map<number, Refused>()
  readonly headers = new Map<string, HeaderDraft>()
  readonly schemes: CallerScheme[] = []
  readonly needed: Needed[] = []
  readonly notes: string[] = []
  readonly extensions = new Map<string, unknown>()
  wanted: BodyDraft | undefined
  answered: { readonly schema: JsonSchema; readonly mediaType: string } | undefined

  constructor(readonly schemas: Components) {}

  parameter(parameter: ParameterDraft): void {
    if (parameter.in === 'header' && saidElsewhere.has(parameter.name.toLowerCase())) return
    const isKnown = this.parameters.some((one) => one.in === parameter.in && one.name.toLowerCase() === parameter.name.toLowerCase())
    if (!isKnown) this.parameters.push(parameter)
  }

  body(body: BodyDraft): void {
    this.wanted = { ...this.wanted, ...body }
  }

  answer(schema: JsonSchema, mediaType = 'application/json'): void {
    this.answered = { schema, mediaType }
  }

  refusal({ status, code, headers = {} }: RefusalDraft): void {
    const refused = this.refusals.get(status) ?? { codes: new Set(), headers: new Map<string, HeaderDraft>() }
    this.refusals.set(status, refused)
    refused.codes.add(code)
    for (const [name, header] of Object.entries(headers)) refused.headers.set(name, header)
  }

  header(name: string, header: HeaderDraft): void {
    this.headers.set(name, header)
  }

  callers(schemes: readonly CallerScheme[]): void {
    this.schemes.push(...schemes)
  }

  needs(are: Needed['are'], alternatives: Needed['alternatives']): void {
    this.needed.push({ are, alternatives })
  }

  note(sentence: string): void {
    this.notes.push(sentence)
  }

  extension(name: `x-${string}`, value: unknown): void {
    this.extensions.set(name, value)
  }
}
