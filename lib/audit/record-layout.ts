/** Every field of a record, by our own name. */
export const recordFields = Object.freeze([
  ...([
    'timestamp',
    'kind',
    'action',
    'resource',
    'resource_id',
    'route',
    'handler',
    'request_id',
    'stage',
    'trace_id',
    'span_id',
  ] as const),
  ...(['method', 'path', 'status'] as const),
  ...(['outcome', 'code', 'duration_ms', 'principal_id', 'principal_kind', 'issuer', 'tenant', 'authentication', 'token_id'] as const),
  ...(['address', 'params', 'query', 'body', 'detail', 'changes', 'decisions', 'reason', 'event', 'level', 'user_agent'] as const),
  ...(['headers', 'client_gone', 'sample_rate'] as const),
] as const)
export type RecordField = (typeof recordFields)[number]

/** A record in the making: the members of each of its objects, the record itself first. */
export type Parts = string[]

/** Where a field is written: the object it is a member of, and its name there, as JSON. */
export interface Field {
  readonly part: number
  readonly prefix: string
}

/** Objects in one another. */
interface Branch {
  readonly part: number
  readonly name: string
  readonly isList: boolean
  readonly branches: Branch[]
}

/** Writes the JSON of one field. */
export function put(parts: Parts, { part, prefix }: Field, json: string): void {
  parts[part] = (parts[part] ?? '') + prefix + json
}

/**
 * Where the fields of a record stand. A place is a name, or several divided by `/` for objects in one another; `[]` behind a name makes
 * the object the only one of a list. All of it is laid out at start-up: a record is put together of finished pieces.
 */
export class Layout<Name extends string = RecordField> {
  readonly fields: Readonly<Record<Name, Field>>
  /** The parts of a record in which nothing stands yet. */
  readonly empty: readonly string[]
  readonly #root: Branch = { part: 0, name: '', isList: false, branches: [] }
  #count = 1

  constructor(places: Readonly<Record<Name, string>>) {
    const fields = Object.entries<string>(places).map(([name, place]) => [name, this.#fieldAt(place)] as const)
    this.fields = Object.fromEntries(fields) as Record<Name, Field>
    this.empty = Object.freeze(Array.from({ length: this.#count }, () => ''))
  }

  /** The whole record, on one line. The first member of the record itself is put without a comma, behind `{`. */
  close(parts: Parts): string {
    const { branches } = this.#root
    return branches.length === 0 ? `${parts[0]}}` : `${contents(this.#root, parts)}}`
  }

  #fieldAt(place: string): Field {
    const names = place.split('/')
    const name = names.pop() ?? ''
    const { part } = names.reduce((branch, one) => this.#branchOf(branch, one), this.#root)
    return Object.freeze({ part, prefix: `,${JSON.stringify(name)}:` })
  }

  #branchOf(branch: Branch, name: string): Branch {
    const known = branch.branches.find((one) => one.name === name.replace('[]', ''))
    if (known !== undefined) return known
    const made = { part: this.#count++, name: name.replace('[]', ''), isList: name.endsWith('[]'), branches: [] }
    branch.branches.push(made)
    return made
  }
}

function contents({ part, branches }: Branch, parts: Parts): string {
  let text = parts[part] ?? ''
  for (const branch of branches) {
    const inner = contents(branch, parts)
    if (inner === '') continue
    const object = `{${inner.slice(1)}}`
    text += `,${JSON.stringify(branch.name)}:${branch.isList ? `[${object}]` : object}`
  }
  return text
}
