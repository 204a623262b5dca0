import type { WireAnswer } from '../adapters/wire.js'
import type { Call, World } from './world.js'

/** What one answer says in JSON. */
export type Json = Readonly<Record<string, unknown>>

/** A call, and what every host must answer. Cases run in order: later ones see what earlier ones did. */
export interface Case extends Call {
  readonly claim: string
  readonly status: number
  /** The code of the problem. */
  readonly code?: string
  /** Where the problem says that the input is wrong. */
  readonly errors?: readonly string[]
  /** The JSON of the answer, or a part of it. */
  readonly includes?: Json
  /** The name under which the answer's `id` is kept. */
  readonly saves?: string
  /** Whether two answers may differ in their bodies. */
  readonly varies?: true
  readonly check?: (json: Json, answer: WireAnswer, world: World) => void
}

export const aGoodOrder = {
  product_id: 'GATE0001',
  quantity: 3,
  note: 'ring twice',
  address: { street: 'Harbour Road 12', city: 'Lisbon', zip: '12345' },
  items: [{ sku: 'LOCK-7', qty: 2 }],
}
