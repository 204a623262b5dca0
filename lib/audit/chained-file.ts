import { existsSync, readFileSync } from 'node:fs'
import type { Clock } from '../context.js'
import { millisecondsOf } from '../duration.js'
import type { SinkWatch } from './audit-log.js'
import { Chain, chainSetup } from './chain/chain.js'
import type { ChainSetup } from './chain/chain.js'
import { exportHead } from './chain/export-head.js'
import { BrokenChain, isEnough, requireHead, resume } from './chain/resume.js'
import type { Resumption } from './chain/resume.js'
import { ChainVerifier } from './chain/verifier.js'
import type { Verification } from './chain/verifier.js'
import { readThrough } from './chain/verify.js'
import { endOf } from './file-end.js'
import type { FileSinkOptions, HeadOptions } from './file-sink.js'
import type { FileSystem } from './file-system.js'

/** How a file's chain begins, as it was found out before anything is written. */
export type Beginning =
  | { readonly how: 'continue' }
  | { readonly how: 'start' }
  | { readonly how: 'resume'; readonly from: Resumption }
  | { readonly how: 'break'; readonly reason: string }

/** What a chain needs of the file that it stands in. */
export interface ChainedFileParts {
  readonly clock: Clock
  readonly files: FileSystem
  /** Writes what the chain has to say, if everything before it is on the disk: else it is not asked, and false comes back. */
  readonly append: (text: () => string) => boolean
  readonly watch: () => SinkWatch
}

const longestTimer = 2 ** 31 - 1

/** The chain of a log that is in a file, over rotation and restarts, and the export of its head. */
export class ChainedFile {
  readonly #path: string
  readonly #setup: ChainSetup
  readonly #parts: ChainedFileParts
  readonly #headTo: HeadOptions['to'] | undefined
  /** How long signatures and heads may lag behind, in milliseconds. */
  readonly #pause: number
  #chain: Chain | undefined
  #timer: NodeJS.Timeout | undefined
  /** The time of a signature or a head came while the disk was behind. */
  #isLate = false

  private constructor(path: string, setup: ChainSetup, head: HeadOptions | undefined, parts: ChainedFileParts) {
    const every = head === undefined ? longestTimer : millisecondsOf(head.every ?? '1 min', longestTimer)
    if (every === undefined) throw new RangeError(`head.every is ${JSON.stringify(head?.every)}: write such as '1 min'`)
    this.#path = path
    this.#setup = setup
    this.#headTo = head?.to
    this.#parts = parts
    this.#pause = Math.min(every, setup.within)
  }

  /** The chain that the options describe, if they do. Throws for what is wrong with them. */
  static of(path: string, { chain, head }: FileSinkOptions, parts: ChainedFileParts): ChainedFile | undefined {
    if (chain !== undefined) return new ChainedFile(path, chainSetup(chain), head, parts)
    if (head !== undefined) throw new TypeError('only a chain has a head: give chain: { key } besides')
    return undefined
  }

  get isBegun(): boolean {
    return this.#chain !== undefined
  }

  /** Finds out how to begin in the file, which may be new, and then stands behind `before`. Changes nothing. */
  look(before: string | undefined): Beginning {
    if (this.#chain !== undefined) return { how: 'continue' }
    const enough = (last: readonly Buffer[]) => isEnough(last, this.#setup)
    const end = endOf(this.#path, enough) ?? (before === undefined ? undefined : endOf(before, enough))
    try {
      const from = end === undefined ? undefined : resume(end, this.#setup)
      const head = this.#knownHead()
      if (head !== undefined) requireHead(head, from?.state, this.#setup)
      return from === undefined ? { how: 'start' } : { how: 'resume', from }
    } catch (thrown) {
      if (!(thrown instanceof BrokenChain)) throw thrown
      return { how: 'break', reason: thrown.message }
    }
  }

  /** The lines with which the chain begins. `torn` is the file with what a crash left of a record. */
  begin(beginning: Beginning, torn: string | undefined): string {
    const about = torn === undefined ? {} : { torn_file: torn }
    if (beginning.how === 'continue') return this.#begun.say('continued', about)
    if (beginning.how === 'resume') return this.#resume(beginning.from, about)
    this.#chain = Chain.begin(this.#setup, this.#parts.clock)
    if (beginning.how === 'start') return this.#chain.say('started', about)
    this.#parts.watch().error('the chain of an audit log is broken; a new one begins', { file: this.#path, reason: beginning.reason })
    return this.#chain.say('broken', { reason: beginning.reason, ...about })
  }

  seal(records: readonly string[]): string {
    return this.#begun.seal(records)
  }

  /** Checks these files, oldest first, up to where the chain stands. */
  check(files: readonly string[]): Promise<Verification> {
    const { key, previousKeys } = this.#setup
    const { id, sequence, hash } = this.#begun.state
    return readThrough(files, new ChainVerifier([key, ...previousKeys], { chain: id, sequence, hash }))
  }

  /** What stands at the end of a file: a signature, where records stand behind the last. */
  ending(): string {
    return this.#chain?.isUnproven === true ? this.#chain.say('checkpoint') : ''
  }

  /** All that was sealed is on the disk. */
  written(): void {
    if (this.#isLate) {
      this.#tend()
      return
    }
    if (this.#timer !== undefined || (this.#headTo === undefined && this.#chain?.isUnproven !== true)) return
    this.#timer = setTimeout(() => this.#tend(), this.#pause)
    this.#timer.unref()
  }

  /** Exports the last head. What is written later is looked up in the file again. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isLate = false
    await this.#exportHead()
    this.#chain = undefined
  }

  #tend(): void {
    this.#timer = undefined
    this.#isLate = !this.#parts.append(() => this.ending())
    if (!this.#isLate) void this.#exportHead()
  }

  #resume({ state, key, unproven }: Resumption, about: Readonly<Record<string, string>>): string {
    let chain = Chain.goOn({ ...this.#setup, key }, this.#parts.clock, state)
    let text = chain.say('resumed', unproven === 0 ? about : { ...about, unproven })
    if (key.id !== this.#setup.key.id) {
      text += chain.say('rekeyed', {}, this.#setup.key)
      chain = Chain.goOn(this.#setup, this.#parts.clock, chain.state)
    }
    this.#chain = chain
    return text
  }

  get #begun(): Chain {
    if (this.#chain === undefined) throw new TypeError('the chain has not begun')
    return this.#chain
  }

  #knownHead(): string | undefined {
    return typeof this.#headTo === 'string' && existsSync(this.#headTo) ? readFileSync(this.#headTo, 'utf8') : undefined
  }

  async #exportHead(): Promise<void> {
    if (this.#headTo === undefined || this.#chain === undefined) return
    try {
      await exportHead(this.#headTo, this.#chain.head(), this.#parts.files)
    } catch (error) {
      this.#parts.watch().error('the head of an audit log could not be exported', { file: this.#path, error })
    }
  }
}
