import { isProven, readChainRecord } from './chain-record.js'
import type { ChainRecord } from './chain-record.js'
import type { ChainSetup, ChainState } from './chain.js'
import { readHead } from './head.js'
import type { ChainKey } from './keys.js'
import { isChainRecord, readSealed } from './sealed-line.js'
import type { SealedLine } from './sealed-line.js'

/** What is read of a log that is to go on. */
export interface LogEnd {
  /** The first line of the file. */
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
  const lines = last.map((line) => sealedOrBroken(line))
  const final = lines.at(-1)
  if (final === undefined) throw new BrokenChain('it has no record')
  const from = Math.max(
    0,
    last.findLastIndex((line) => isChainRecord(line)),
  )
  const key = [setup.key, ...setup.previousKeys].find((one) => isRight(one, lines, isWhole ? beginning.previous : undefined, from))
  if (key === undefined) throw new BrokenChain('its last records are not as they were written, or their key is not given')
  return {
    state: { id: beginning.chain, sequence: final.sequence, hash: final.hash },
    key,
    unproven: key.algorithm === 'ed25519' ? lines.length - 1 - from : 0,
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

function isRight(key: ChainKey, lines: readonly SealedLine[], start: string | undefined, lastSaid: number): boolean {
  const said = lines[lastSaid]
  if (key.algorithm === 'ed25519' && (said === undefined || !isSaidBy(key, said))) return false
  // The records before the last turn of the key are of the key before it.
  return lines.every((line, index) => {
    const previous = index === 0 ? start : lines[index - 1]?.hash
    if (previous === undefined || (key.algorithm === 'hmac-sha256' && index < lines.length - 1)) return true
    const isNext = index === 0 || line.sequence === (lines[index - 1]?.sequence ?? 0) + 1
    return isNext && (key.link(previous, line.covered) === line.hash || isTurn(key, line))
  })
}

function isSaidBy(key: ChainKey, line: SealedLine): boolean {
  return isProven(line, key) || isTurn(key, line)
}

/** Whether this is the record that turns to this key: its hash is of the key before. */
function isTurn(key: ChainKey, line: SealedLine): boolean {
  return isProven(line, key, 'next_proof')
}

function chainRecordIn(line: Buffer): ChainRecord | undefined {
  const sealed = readSealed(line)
  return sealed !== undefined && isChainRecord(line) ? readChainRecord(sealed) : undefined
}

function sealedOrBroken(line: Buffer): SealedLine {
  const sealed = readSealed(line)
  if (sealed === undefined) throw new BrokenChain('one of its last lines is no record of a chain')
  return sealed
}
