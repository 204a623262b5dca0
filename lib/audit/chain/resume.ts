import { isProven, readChainRecord } from './chain-record.js'
import type { ChainRecord } from './chain-record.js'
import type { ChainSetup, ChainState } from './chain.js'
import { readHead } from './head.js'
import type { ChainKey } from './keys.js'
import { isChainRecord, readSealed } from './sealed-line.js'
import type { SealedLine } from './sealed-line.js'

/** What is read of a log that is to go on. */
export interface LogEnd {
  /** The first line of the file, or another record that the chain has said. */
  readonly first: Buffer
  /** The last lines, in their order; all of them where `isWhole`. */
  readonly last: readonly Buffer[]
  readonly isWhole: boolean
}

/** Where a chain goes on. */
export interface Resumption {
  readonly state: ChainState
  /** The key that it was written with. */
  readonly key: ChainKey
  /** How many records stand behind the last signature. */
  readonly unproven: number
}

/** Why a chain cannot go on. */
export class BrokenChain extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'BrokenChain'
  }
}

/** Whether enough of the end was read: of a signed chain, everything behind its last signature. */
export function isEnough(last: readonly Buffer[], { key }: ChainSetup): boolean {
  return key.algorithm === 'ed25519' ? last.slice(1).some((line) => isChainRecord(line)) : last.length > 1
}

/** Where the chain of a log goes on. Throws `BrokenChain` where its end is not as it was written. */
export function resume({ first, last, isWhole }: LogEnd, setup: ChainSetup): Resumption {
  const beginning = chainRecordIn(first)
  if (beginning === undefined) throw new BrokenChain('it holds records without a chain, or its first record was changed')
  if (beginning.algorithm !== setup.key.algorithm) throw new BrokenChain(`its chain is of ${beginning.algorithm}`)
  const isSigned = setup.key.algorithm === 'ed25519'
  const said = Math.max(
    0,
    last.findLastIndex((line) => isChainRecord(line)),
  )
  // A secret proves each record, a signature all before it: further back there is nothing to learn of the end.
  const from = isSigned ? said : Math.max(0, last.length - 2)
  const lines = last.slice(from).map((line) => sealedOrBroken(line))
  const final = lines.at(-1)
  if (final === undefined) throw new BrokenChain('it has no record')
  const start = isSigned || (isWhole && from === 0) ? chainRecordIn(last[from])?.previous : undefined
  const key = [setup.key, ...setup.previousKeys].find((one) => isRight(one, lines, start))
  if (key === undefined) throw new BrokenChain('its last records are not as they were written, or their key is not given')
  return {
    state: { id: beginning.chain, sequence: final.sequence, hash: final.hash },
    key,
    unproven: isSigned ? lines.length - 1 : 0,
  }
}

/** Throws `BrokenChain` where a log ends before its head, or is another. */
export function requireHead(text: string, state: ChainState | undefined, { key, previousKeys }: ChainSetup): void {
  let head
  try {
    head = readHead(text, [key, ...previousKeys])
  } catch (thrown) {
    throw new BrokenChain((thrown as Error).message)
  }
  if (state === undefined) throw new BrokenChain(`it is gone, and its head is at record ${head.sequence}`)
  if (head.chain !== state.id) throw new BrokenChain('its head is of another chain')
  if (head.sequence > state.sequence)
    throw new BrokenChain(`it ends with record ${state.sequence}, and its head is at record ${head.sequence}`)
  if (head.sequence === state.sequence && head.hash !== state.hash)
    throw new BrokenChain(`record ${state.sequence} is another than its head says`)
}

function isRight(key: ChainKey, lines: readonly SealedLine[], start: string | undefined): boolean {
  const isSigned = key.algorithm === 'ed25519'
  const [first] = lines
  if (isSigned && (first === undefined || !isSaidBy(key, first))) return false
  // The record before the last may be of the key before.
  const firstChecked = isSigned ? 0 : lines.length - 1
  return lines.every((line, index) => {
    if (index < firstChecked) return true
    const before = lines[index - 1]
    const previous = before?.hash ?? start
    const isNext = before === undefined || line.sequence === before.sequence + 1
    return previous !== undefined && isNext && (key.link(previous, line.covered) === line.hash || isTurn(key, line))
  })
}

function isSaidBy(key: ChainKey, line: SealedLine): boolean {
  return isProven(line, key) || isTurn(key, line)
}

/** Whether this is the record that turns to this key: its hash is of the key before. */
function isTurn(key: ChainKey, line: SealedLine): boolean {
  return isProven(line, key, 'next_proof')
}

function chainRecordIn(line: Buffer | undefined): ChainRecord | undefined {
  const sealed = line === undefined ? undefined : readSealed(line)
  return sealed !== undefined && line !== undefined && isChainRecord(line) ? readChainRecord(sealed) : undefined
}

function sealedOrBroken(line: Buffer): SealedLine {
  const sealed = readSealed(line)
  if (sealed === undefined) throw new BrokenChain('one of its last lines is no record of a chain')
  return sealed
}
