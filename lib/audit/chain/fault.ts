import { isProven, readChainRecord } from './chain-record.js'
import type { CheckingKey } from './keys.js'
import { isChainRecord, readSealed } from './sealed-line.js'
import type { SealedLine } from './sealed-line.js'

/**
 * What became of a record. `restarted`: a new chain begins where the old one should go on; `torn`: the last line has no end; `truncated`:
 * the log ends before its head; `forked`: the log is another than the one of the head; `unknown-key`: its key is not given.
 */
export type FaultKind = 'changed' | 'removed' | 'inserted' | 'reordered' | 'restarted' | 'torn' | 'truncated' | 'forked' | 'unknown-key'

/** One line of a log, and where it stands. */
export interface PlacedLine {
  readonly bytes: Buffer
  readonly file: string
  /** From 1. */
  readonly line: number
}

/** The first thing that is wrong with a log. */
export interface ChainFault {
  readonly kind: FaultKind
  readonly file: string
  /** From 1. */
  readonly line: number
  /** Of the record that is wrong or missing, where it is known. */
  readonly sequence: number | undefined
  /** The same for people. */
  readonly message: string
}

/** How many lines after a fault are looked at to tell what happened. */
export const lookahead = 64

/** What is known where a line does not follow. */
export interface Whereabouts {
  readonly key: CheckingKey
  readonly keys: readonly CheckingKey[]
  /** Of the last record that is right. */
  readonly hash: string
  readonly sequence: number
}

type Told = Pick<ChainFault, 'kind' | 'sequence' | 'message'>

/** Tells what happened where `lines[0]` does not follow the last good record. `lines` has up to `lookahead` more. */
export function diagnose(lines: readonly PlacedLine[], known: Whereabouts): ChainFault {
  const [first] = lines
  if (first === undefined) throw new TypeError('there is no line to diagnose')
  const sealed = lines.map(({ bytes }) => readSealed(bytes))
  const told = restart(sealed[0], first.bytes, known) ?? strangers(sealed, known) ?? missingOrChanged(sealed, known)
  return { file: first.file, line: first.line, ...told }
}

function restart(line: SealedLine | undefined, bytes: Buffer, { keys, sequence }: Whereabouts): Told | undefined {
  if (line === undefined || !isChainRecord(bytes)) return undefined
  const record = readChainRecord(line)
  const key = keys.find(({ id }) => id === record?.keyId)
  if (record === undefined || key === undefined || (record.event !== 'started' && record.event !== 'broken')) return undefined
  if (line.hash !== key.link('', line.covered) || !isProven(line, key)) return undefined
  const why = record.reason === undefined ? '' : `: ${record.reason}`
  return { kind: 'restarted', sequence: sequence + 1, message: `a new chain begins where record ${sequence + 1} should stand${why}` }
}

/** The record that should stand here comes later: what stands before it was put there, or comes too early. */
function strangers(lines: ReadonlyArray<SealedLine | undefined>, { key, hash, sequence }: Whereabouts): Told | undefined {
  const wanted = sequence + 1
  const place = lines.findIndex((line) => line?.sequence === wanted && key.link(hash, line.covered) === line.hash)
  if (place < 1) return undefined
  const [first] = lines
  const hasTwin = lines.slice(1).some((line) => line?.hash === first?.hash)
  const isMissed = first !== undefined && lines.some((line) => line?.sequence === first.sequence + 1 && follows(key, first, line))
  if (first !== undefined && first.sequence > wanted && !hasTwin && (isMissed || first.sequence < wanted + lines.length)) {
    return { kind: 'reordered', sequence: first.sequence, message: `record ${first.sequence} stands before record ${wanted}` }
  }
  const lineCount = place === 1 ? 'a line was' : `${place} lines were`
  return { kind: 'inserted', sequence: first?.sequence, message: `${lineCount} inserted before record ${wanted}` }
}

function missingOrChanged([first, second]: ReadonlyArray<SealedLine | undefined>, { key, hash, sequence }: Whereabouts): Told {
  const wanted = sequence + 1
  const changed: Told = { kind: 'changed', sequence: wanted, message: `record ${wanted} was changed` }
  if (first === undefined || first.sequence <= wanted) return changed
  // Its neighbour counts on, or its hash fits with the right number: then the number alone was changed.
  if (second?.sequence === wanted + 1 || key.link(hash, renumbered(first, wanted)) === first.hash) return changed
  const last = first.sequence - 1
  return {
    kind: 'removed',
    sequence: wanted,
    message: last === wanted ? `record ${wanted} was removed` : `records ${wanted} to ${last} were removed`,
  }
}

function follows(key: CheckingKey, one: SealedLine, next: SealedLine): boolean {
  return key.link(one.hash, next.covered) === next.hash
}

function renumbered({ covered, sequence }: SealedLine, wanted: number): string {
  return covered.toString().slice(0, -String(sequence).length) + wanted
}
