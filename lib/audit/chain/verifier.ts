import { isProven, readChainRecord } from './chain-record.js'
import type { ChainRecord } from './chain-record.js'
import { diagnose, lookahead } from './fault.js'
import type { ChainFault, FaultKind, PlacedLine } from './fault.js'
import type { ChainHead } from './head.js'
import type { CheckingKey } from './keys.js'
import { isChainRecord, readSealed } from './sealed-line.js'
import type { SealedLine } from './sealed-line.js'

/** Records that stood behind the last signature when a log was started again: they are in order, and nobody vouches for them. */
export interface UnprovenRange {
  readonly from: number
  readonly to: number
}

/** What is known of a log that was checked. */
export interface Verification {
  /** Whether every record is there, as it was written, from the first given to the last. */
  readonly intact: boolean
  /** The first thing that is wrong. What comes after it was not looked at. */
  readonly fault: ChainFault | undefined
  /** How many records are right. */
  readonly records: number
  /** The number of the first record: above 0, nothing is said of those before it. */
  readonly first: number | undefined
  readonly last: number | undefined
  /** What no signature covers: signed chains alone have any. */
  readonly unproven: readonly UnprovenRange[]
  /** Whether a head was given and stands in what was read: only then it is known that the end is there. */
  readonly reachesHead: boolean
}

/** Of a head, what a log is compared with. */
type Place = Pick<ChainHead, 'chain' | 'sequence' | 'hash'>

/** Checks a log line by line. Keeps nothing but where it stands, and after a fault the next few lines. */
export class ChainVerifier {
  readonly #keys: readonly CheckingKey[]
  readonly #head: Place | undefined
  readonly #unproven: UnprovenRange[] = []
  #key: CheckingKey | undefined
  #chain = ''
  #hash = ''
  #first: number | undefined
  #sequence = -1
  /** The last record that a key vouches for. */
  #proven = -1
  #records = 0
  #reachesHead = false
  #last: PlacedLine | undefined
  #fault: ChainFault | undefined
  #suspects: PlacedLine[] = []

  constructor(keys: readonly CheckingKey[], head?: Place) {
    this.#keys = keys
    this.#head = head
  }

  /** Takes the next line. False where nothing more is to be learnt. */
  take(bytes: Buffer, file: string, line: number): boolean {
    if (this.#suspects.length > 0) return this.#suspect({ bytes, file, line })
    const key = this.#key
    if (key === undefined) return this.#begin({ bytes, file, line })
    const sealed = readSealed(bytes)
    if (sealed === undefined || sealed.sequence !== this.#sequence + 1 || key.link(this.#hash, sealed.covered) !== sealed.hash) {
      return this.#suspect({ bytes, file, line })
    }
    if (isChainRecord(bytes) && !this.#heed(sealed, key, file, line)) return false
    return this.#accept(sealed, bytes, file, line)
  }

  /** The end of what there is. `torn` is a last line without an end. */
  finish(torn?: PlacedLine): Verification {
    if (this.#suspects.length > 0) this.#diagnose()
    this.#fault ??= this.#endFault(torn)
    if (this.#key?.algorithm === 'ed25519' && this.#proven < this.#sequence) {
      this.#unproven.push({ from: this.#proven + 1, to: this.#sequence })
    }
    return {
      intact: this.#fault === undefined,
      fault: this.#fault,
      records: this.#records,
      first: this.#first,
      last: this.#first === undefined ? undefined : this.#sequence,
      unproven: this.#unproven,
      reachesHead: this.#reachesHead,
    }
  }

  #begin(place: PlacedLine): boolean {
    const sealed = readSealed(place.bytes)
    if (sealed === undefined || !isChainRecord(place.bytes)) return this.#beginsWrongly(place, sealed)
    const record = readChainRecord(sealed)
    const key = this.#keys.find(({ id }) => id === record?.keyId)
    if (record === undefined) return this.#beginsWrongly(place, sealed)
    if (key === undefined) return this.#missingKey(place, sealed, record.keyId)
    if (key.link(record.previous, sealed.covered) !== sealed.hash || !isProven(sealed, key)) return this.#beginsWrongly(place, sealed)
    if (record.event === 'broken') {
      const message = `the log began a new chain, because the old one could not go on: ${record.reason ?? 'no reason is given'}`
      return this.#fail('restarted', place, sealed.sequence, message)
    }
    if ((record.event === 'started') !== (sealed.sequence === 0 && record.previous === '')) return this.#beginsWrongly(place, sealed)
    this.#key = key
    this.#hash = record.previous
    this.#first = sealed.sequence
    this.#chain = record.chain
    this.#sequence = sealed.sequence - 1
    this.#proven = sealed.sequence - 1
    if (!this.#heed(sealed, key, place.file, place.line)) return false
    return this.#accept(sealed, place.bytes, place.file, place.line)
  }

  #beginsWrongly(place: PlacedLine, sealed: SealedLine | undefined): boolean {
    const isMiddle = sealed !== undefined && sealed.sequence > 0
    const message = isMiddle
      ? `the records before record ${sealed.sequence} are missing`
      : 'the first record was changed, or the log has no chain'
    return this.#fail(isMiddle ? 'removed' : 'changed', place, isMiddle ? sealed.sequence - 1 : 0, message)
  }

  /** What the chain says of itself. */
  #heed(sealed: SealedLine, key: CheckingKey, file: string, line: number): boolean {
    const place = { bytes: sealed.covered, file, line }
    const record = readChainRecord(sealed)
    const isRight = record !== undefined && record.chain === this.#chain && record.previous === this.#hash && isProven(sealed, key)
    if (!isRight) {
      // The hashes of a signed chain can be made by anyone: they are as good as the signature that follows.
      const from = this.#proven + 1
      const message = `something from record ${from} to record ${sealed.sequence} was changed: the proof in the last of them does not fit`
      return this.#fail('changed', place, from, message)
    }
    if (record.unproven > 0) this.#unproven.push({ from: sealed.sequence - record.unproven, to: sealed.sequence - 1 })
    this.#proven = sealed.sequence
    return record.event !== 'rekeyed' || this.#turnKey(sealed, record, place)
  }

  #turnKey(sealed: SealedLine, { nextKeyId = '' }: ChainRecord, place: PlacedLine): boolean {
    const next = this.#keys.find(({ id }) => id === nextKeyId)
    if (next === undefined) return this.#missingKey(place, sealed, nextKeyId)
    if (!isProven(sealed, next, 'next_proof')) {
      return this.#fail('changed', place, sealed.sequence, `record ${sealed.sequence} names a key that has not agreed`)
    }
    this.#key = next
    return true
  }

  #accept(sealed: SealedLine, bytes: Buffer, file: string, line: number): boolean {
    this.#hash = sealed.hash
    this.#sequence = sealed.sequence
    this.#records++
    this.#last = { bytes, file, line }
    // Of another chain it may be that begins further down: what broke this one is told then.
    if (this.#head?.sequence !== sealed.sequence || this.#head.chain !== this.#chain) return true
    this.#reachesHead = this.#head.hash === sealed.hash
    if (this.#reachesHead) return true
    return this.#fail('forked', this.#last, sealed.sequence, `record ${sealed.sequence} is another than the one that the head is of`)
  }

  #suspect(place: PlacedLine): boolean {
    // The chunk that it stands in goes away.
    this.#suspects.push({ ...place, bytes: Buffer.from(place.bytes) })
    return this.#suspects.length <= lookahead
  }

  #diagnose(): void {
    if (this.#key === undefined) return
    this.#fault = diagnose(this.#suspects, { key: this.#key, keys: this.#keys, hash: this.#hash, sequence: this.#sequence })
  }

  #endFault(torn: PlacedLine | undefined): ChainFault | undefined {
    const next = this.#sequence + 1
    const { file = torn?.file ?? '', line = 0 } = this.#last ?? {}
    if (torn !== undefined) {
      return { kind: 'torn', file: torn.file, line: torn.line, sequence: next, message: 'the last line is incomplete: a crash, or a cut' }
    }
    if (this.#first === undefined) return { kind: 'truncated', file, line, sequence: undefined, message: 'there is no record' }
    const head = this.#head
    if (head === undefined || this.#reachesHead) return undefined
    if (head.chain !== this.#chain) {
      return { kind: 'forked', file, line, sequence: this.#sequence, message: 'the log is of another chain than its head' }
    }
    if (head.sequence < this.#first) return undefined
    const message = `the log ends with record ${this.#sequence}, and its head is at record ${head.sequence}`
    return { kind: 'truncated', file, line, sequence: next, message }
  }

  #missingKey({ file, line }: PlacedLine, { sequence }: SealedLine, id: string): boolean {
    this.#fault = { kind: 'unknown-key', file, line, sequence, message: `the key ${id} of record ${sequence} is not given` }
    return false
  }

  #fail(kind: FaultKind, { file, line }: PlacedLine, sequence: number | undefined, message: string): boolean {
    this.#fault = { kind, file, line, sequence, message }
    return false
  }
}
