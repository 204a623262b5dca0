import { detached } from '../detached.js'
import { isPlainText, quote } from './quote.js'

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
  /** `,"status":` */
  readonly prefix: string
  /** `,"address":"` */
  readonly textPrefix: string
}

/** Members that are the same in many records, for each of the objects that they stand in. */
export type Piece = ReadonlyArray<{ readonly part: number; readonly members: string }>

/** Objects in one another. */
interface Branch {
  readonly part: number
  readonly name: string
  /** `,"http_request":{` */
  readonly opening: string
  readonly closing: string
  readonly branches: Branch[]
}

/** Writes the JSON of one field. */
export function put(parts: Parts, { part, prefix }: Field, json: string): void {
  parts[part] = (parts[part] ?? '') + prefix + json
}

/** Writes a text as it is: for texts that are ours. */
export function putText(parts: Parts, field: Field, text: string): void {
  if (isPlainText(text)) parts[field.part] = (parts[field.part] ?? '') + field.textPrefix + text + '"'
  else put(parts, field, quote(text))
}

/** Writes what is finished. */
export function putPiece(parts: Parts, piece: Piece): void {
  for (const { part, members } of piece) parts[part] = (parts[part] ?? '') + members
}

/**
 * Where the fields of a record stand. A place is a name, or several divided by `/` for objects in one another; `[]` behind a name makes
 * the object the only one of a list. All of it is laid out at start-up: a record is put together of finished pieces.
 */
export class Layout<Name extends string = RecordField> {
  readonly fields: Readonly<Record<Name, Field>>
  /** The parts of a record in which nothing stands yet. */
  readonly empty: readonly string[]
  readonly #root: Branch = { part: 0, name: '', opening: '', closing: '', branches: [] }
  #count = 1

  constructor(places: Readonly<Record<Name, string>>) {
    const fields = Object.entries<string>(places).map(([name, place]) => [name, this.#fieldAt(place)] as const)
    this.fields = Object.fromEntries(fields) as Record<Name, Field>
    this.empty = Object.freeze(Array.from({ length: this.#count }, () => ''))
  }

  /** A record that begins with the member `head` of its own, behind `{`. */
  begin(head: string): Parts {
    const parts = [head]
    while (parts.length < this.empty.length) parts.push('')
    return parts
  }

  /** What `write` puts, to be put into many records. */
  piece(write: (parts: Parts) => void): Piece {
    const parts = [...this.empty]
    write(parts)
    // Texts in one piece: those that were put together would be put together again in each record.
    return parts.flatMap((members, part) => (members === '' ? [] : [Object.freeze({ part, members: detached(members) })]))
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
    const prefix = `,${JSON.stringify(name)}:`
    return Object.freeze({ part, prefix: detached(prefix), textPrefix: detached(`${prefix}"`) })
  }

  #branchOf(branch: Branch, name: string): Branch {
    const plain = name.replace('[]', '')
    const known = branch.branches.find((one) => one.name === plain)
    if (known !== undefined) return known
    const [open, closing] = name.endsWith('[]') ? ['[{', '}]'] : ['{', '}']
    const made = { part: this.#count++, name: plain, opening: detached(`,${JSON.stringify(plain)}:${open}`), closing, branches: [] }
    branch.branches.push(made)
    return made
  }
}

function contents({ part, branches }: Branch, parts: Parts): string {
  let text = parts[part] ?? ''
  for (const branch of branches) {
    const inner = contents(branch, parts)
    if (inner !== '') text += branch.opening + inner.slice(1) + branch.closing
  }
  return text
}
