import { quote } from '../quote.js'
import type { ChainAlgorithm, ChainKey, CheckingKey } from './keys.js'
import type { SealedLine } from './sealed-line.js'

/**
 * What a chain says of itself: it begins (`started`, or `broken` where it should have gone on and could not), goes on after a start
 * (`resumed`) or in a new file (`continued`), is signed up to here (`checkpoint`), has another key from here (`rekeyed`).
 */
export type ChainEvent = 'started' | 'broken' | 'resumed' | 'continued' | 'checkpoint' | 'rekeyed'

/** A record of kind `chain`, as it is read. */
export interface ChainRecord {
  readonly event: ChainEvent
  readonly chain: string
  readonly algorithm: ChainAlgorithm
  readonly keyId: string
  /** The hash before it; empty where a chain begins. */
  readonly previous: string
  readonly nextKeyId: string | undefined
  /** How many records before it no signature had reached when the log was started again. */
  readonly unproven: number
  readonly reason: string | undefined
}

/** What a record of the chain is made of. */
export interface ChainFacts {
  readonly event: ChainEvent
  readonly timestamp: string
  readonly chain: string
  readonly previous: string
  /** Further fields, in snake_case. */
  readonly about?: Readonly<Record<string, string | number>>
  readonly nextKey?: ChainKey
}

/** Writes a record of the chain, proven by its key, and by the next where there is one. */
export function chainRecord(key: ChainKey, { event, timestamp, chain, previous, about = {}, nextKey }: ChainFacts): string {
  let text = `{"kind":"chain","event":"${event}","timestamp":"${timestamp}","chain":"${chain}","algorithm":"${key.algorithm}"`
  text += `,"key_id":"${key.id}","previous":"${previous}"`
  for (const [name, value] of Object.entries(about)) text += `,"${name}":${typeof value === 'number' ? value : quote(value)}`
  if (nextKey !== undefined) {
    text += `,"next_algorithm":"${nextKey.algorithm}","next_key_id":"${nextKey.id}"`
    text += `,"next_proof":"${nextKey.prove(text)}"`
  }
  return `${text},"proof":"${key.prove(text)}"}`
}

/** Reads a record of the chain; undefined where it is none. Nothing of it is checked. */
export function readChainRecord({ covered }: SealedLine): ChainRecord | undefined {
  let fields: Readonly<Record<string, unknown>>
  try {
    fields = JSON.parse(`${covered.toString()}}`) as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : undefined)
  const unproven = fields['unproven']
  return {
    event: text('event') as ChainEvent,
    chain: text('chain') ?? '',
    algorithm: text('algorithm') as ChainAlgorithm,
    keyId: text('key_id') ?? '',
    previous: text('previous') ?? '',
    nextKeyId: text('next_key_id'),
    unproven: typeof unproven === 'number' ? unproven : 0,
    reason: text('reason'),
  }
}

// Nothing may stand behind what a proof covers but what is checked otherwise: of two members of one name, the last counts.
const proofEnds = {
  proof: /^(\{.*),"proof":"([\w-]+)","seq":\d+$/,
  next_proof: /^(\{.*),"next_proof":"([\w-]+)","proof":"[\w-]+","seq":\d+$/,
} as const

/** Whether the proof in a record of the chain is of this key. */
export function isProven(line: SealedLine, key: CheckingKey, name: keyof typeof proofEnds = 'proof'): boolean {
  const [, text, proof] = proofEnds[name].exec(line.covered.toString()) ?? []
  return text !== undefined && proof !== undefined && key.isProof(text, proof)
}
