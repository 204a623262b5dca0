import type { SinkWatch } from './audit-log.js'
import { ChainedFile } from './chained-file.js'
import type { ChainCheck, FileSink, FileSinkOptions } from './file-sink.js'
import { realFiles } from './file-system.js'
import type { FileSystem } from './file-system.js'
import { lockFile } from './file-lock.js'
import type { FileLock } from './file-lock.js'
import { openLog } from './open-file.js'
import type { OpenFile } from './open-file.js'
import { OutgoingBytes } from './outgoing-bytes.js'
import { isPast, oldFiles, oldName, removeOldest, rotationOf } from './rotation.js'
import type { Rotation } from './rotation.js'

/** What a chain adds to a record, in bytes: its number, its hash and the line break. */
const sealLength = 80

/** Who hears of what went wrong where nobody was named. */
const warnings: SinkWatch = {
  error: (message, about) => process.emitWarning(`${message}: ${JSON.stringify(about)}`, 'AuditLogError'),
  warn: (message, about) => process.emitWarning(`${message}: ${JSON.stringify(about)}`, 'AuditLogWarning'),
}

/** A log in a file: see `fileSink`. */
export class FileLog implements FileSink {
  readonly name: string
  readonly immediate: boolean
  readonly durable: boolean
  readonly sync?: () => Promise<void>
  readonly checkChain?: () => Promise<ChainCheck>
  readonly #path: string
  readonly #syncs: boolean
  readonly #rotation: Rotation | undefined
  readonly #chained: ChainedFile | undefined
  readonly #files: FileSystem
  readonly #now: () => number
  #watch = warnings
  #lock: FileLock | undefined
  #file: OpenFile | undefined
  /** Lines at the front of the coming batch that are in `#outgoing`: a batch that failed comes again, with more behind. */
  #taken = 0
  readonly #outgoing = new OutgoingBytes()
  #syncing: Promise<void> | undefined
  /** Where the file must be cut before anything is written: what stands behind may or may not be on the disk. */
  #cutAt: number | undefined
  #isMoved = false

  constructor(path: string, options: FileSinkOptions = {}, files: FileSystem = realFiles) {
    const { fsync = 'batch', clock = { now: () => Date.now() } } = options
    if (!['always', 'batch', 'never'].includes(fsync))
      throw new TypeError(`fsync is ${JSON.stringify(fsync)}: write 'always', 'batch' or 'never'`)
    this.name = `file ${path}`
    this.immediate = fsync === 'always'
    this.durable = fsync !== 'never'
    this.#path = path
    this.#syncs = fsync !== 'never'
    this.#rotation = options.rotate === undefined ? undefined : rotationOf(options.rotate)
    this.#chained = ChainedFile.of(path, options, { clock, files, append: (words) => this.#appendOwn(words), watch: () => this.#watch })
    if (this.#syncs) this.sync = () => this.#sync()
    if (this.#chained !== undefined) this.checkChain = () => this.#check(this.#chained as ChainedFile)
    this.#files = files
    this.#now = () => clock.now()
  }

  watch(watch: SinkWatch): void {
    this.#watch = watch
  }

  write(lines: readonly string[]): void {
    this.#write()
    if (lines.length > this.#taken) {
      this.#ready(lines)
      const fresh = this.#taken === 0 ? lines : lines.slice(this.#taken)
      if (this.#chained !== undefined) this.#outgoing.add(this.#chained.seal(fresh))
      else {
        this.#outgoing.add(fresh.join('\n'))
        // By itself: behind so long a text, it would have all of it copied once more.
        this.#outgoing.add('\n')
      }
      this.#taken = lines.length
      this.#write()
    }
    this.#taken = 0
    if (!this.#syncs) this.#chained?.written()
    // There is a call while the disk works only when the process exits: nobody comes to sync it then.
    else if (this.#syncing !== undefined && this.#file !== undefined) this.#syncNow(this.#file)
  }

  reopen(): void {
    this.#isMoved = true
    if (this.#syncing !== undefined || this.#outgoing.unwritten > 0) return
    try {
      this.#moveOn()
    } catch (error) {
      this.#watch.error('an audit log could not go on in a new file; it will with the next batch', { file: this.#path, error })
    }
  }

  async #check(chained: ChainedFile): Promise<ChainCheck> {
    if (!chained.isBegun || this.#outgoing.unwritten > 0) return { state: 'unknown', records: 0, detail: 'records wait to be written' }
    const old = oldFiles(this.#path)
    const { intact, records, fault } = await chained.check([...old, this.#path])
    // A file that has ended meanwhile has another name now.
    if (!intact && oldFiles(this.#path).length !== old.length) return this.#check(chained)
    return { state: intact ? 'sound' : 'broken', records, detail: fault === undefined ? '' : `${fault.kind}: ${fault.message}` }
  }

  async close(): Promise<void> {
    await this.#syncing?.catch(() => undefined)
    if (this.#file !== undefined) {
      this.#outgoing.add(this.#chained?.ending() ?? '')
      this.#write()
    }
    this.#letGo()
    this.#unlock()
    await this.#chained?.close()
  }

  /** Has the right file open for these lines: opens it, begins it anew, or goes on in the next. */
  #ready(lines: readonly string[]): void {
    if (this.#file !== undefined) this.#inspect(this.#file)
    if (this.#isMoved) this.#letGo()
    const file = (this.#file ??= this.#open())
    if (this.#rotation !== undefined) this.#rotate(file, this.#rotation, lines)
    this.#file ??= this.#open()
  }

  /** Notices what others did to the file. */
  #inspect(file: OpenFile): void {
    if (!file.isRegular) return
    const { nlink, size } = this.#files.fstatSync(file.descriptor)
    if (nlink === 0) {
      this.#watch.error('the file of an audit log was deleted; it is begun anew', { file: this.#path })
      this.#isMoved = true
    } else if (this.#isExclusive && size !== file.size) {
      const change = size < file.size ? 'was cut' : 'was written to by somebody else'
      this.#watch.error(`the file of an audit log ${change}`, { file: this.#path, size, expected: file.size })
      file.size = size
      file.synced = Math.min(file.synced, size)
    }
  }

  #rotate(file: OpenFile, rotation: Rotation, lines: readonly string[]): void {
    if (file.size === 0) return
    const more = this.#chained === undefined ? 1 : sealLength
    const coming = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + more, this.#outgoing.unwritten)
    if (file.size + coming <= rotation.size && !isPast(rotation, file.began, this.#now())) return
    this.#outgoing.add(this.#chained?.ending() ?? '')
    this.#write()
    this.#syncNow(file)
    try {
      this.#files.renameSync(this.#path, oldName(this.#path, file.began))
    } catch (error) {
      this.#watch.error('the file of an audit log cannot be renamed; it is written on', { file: this.#path, error })
      return
    }
    this.#closeFile()
    removeOldest(this.#path, rotation.keep)
  }

  get #isExclusive(): boolean {
    return this.#rotation !== undefined || this.#chained !== undefined
  }

  #open(): OpenFile {
    try {
      const { file, words } = openLog({
        ...{ path: this.#path, files: this.#files, syncs: this.#syncs, isExclusive: this.#isExclusive, chained: this.#chained },
        ...{ watch: this.#watch, now: this.#now, lock: () => (this.#lock ??= lockFile(`${this.#path}.lock`)) },
      })
      this.#outgoing.add(words)
      return file
    } catch (thrown) {
      this.#unlock()
      throw thrown
    }
  }

  /** Writes what the chain has to say between batches; where that fails, it comes with the next. False, and nothing asked for, where it has to wait. */
  #appendOwn(words: () => string): boolean {
    if (this.#file === undefined || this.#isBehind || this.#taken > 0) return false
    this.#outgoing.add(words())
    try {
      this.#write()
      if (this.#outgoing.kept > 0) this.#syncNow(this.#file)
      return true
    } catch (error) {
      this.#watch.error('an audit log could not be signed; it will be with the next batch', { file: this.#path, error })
      return false
    }
  }

  /** Whether the disk does not have all that was taken. */
  get #isBehind(): boolean {
    return this.#syncing !== undefined || this.#outgoing.unwritten > 0 || this.#outgoing.kept > 0
  }

  #write(): void {
    const outgoing = this.#outgoing
    if (outgoing.unwritten === 0) return
    const file = (this.#file ??= this.#open())
    if (this.#cutAt !== undefined) this.#cut(file, this.#cutAt)
    while (outgoing.unwritten > 0) {
      const written = this.#files.writeSync(file.descriptor, outgoing.next())
      file.size += written
      outgoing.wrote(written, this.#syncs && file.isRegular)
    }
  }

  #cut(file: OpenFile, size: number): void {
    // What others wrote to a file that is not this process's alone must not go: rather is a record there twice.
    if (this.#isExclusive || this.#files.fstatSync(file.descriptor).size === file.size) {
      this.#files.ftruncateSync(file.descriptor, size)
      file.size = size
    }
    this.#cutAt = undefined
  }

  async #sync(): Promise<void> {
    let problem: unknown
    try {
      this.#write()
    } catch (thrown) {
      problem = thrown
    }
    // What could be written is not to wait for what could not.
    if (this.#outgoing.kept > 0 && this.#file !== undefined) await (this.#syncing = this.#bring(this.#file))
    if (problem !== undefined) throw problem
    if (this.#isMoved) this.#moveOn()
    this.#chained?.written()
  }

  async #bring(file: OpenFile): Promise<void> {
    const { size } = file
    try {
      await new Promise<void>((resolve, reject) => {
        this.#files.fsync(file.descriptor, (error) => (error === null ? resolve() : reject(error)))
      })
      this.#isSynced(file, size)
    } catch (error) {
      this.#writeAgain(file)
      throw error
    } finally {
      this.#syncing = undefined
    }
  }

  #syncNow(file: OpenFile): void {
    if (!this.#syncs || !file.isRegular) return
    try {
      this.#files.fsyncSync(file.descriptor)
    } catch (error) {
      this.#writeAgain(file)
      throw error
    }
    this.#isSynced(file, file.size)
  }

  #isSynced(file: OpenFile, size: number): void {
    file.synced = Math.max(file.synced, size)
    this.#outgoing.forget()
  }

  /** After a failed fsync the system forgets what it could not write, and says yes to the next one: write it all again. */
  #writeAgain(file: OpenFile): void {
    if (this.#outgoing.kept === 0) return
    this.#cutAt = file.synced
    this.#outgoing.rewind()
  }

  #unlock(): void {
    this.#lock?.release()
    this.#lock = undefined
  }

  /** Goes on in a new file after this one was moved. */
  #moveOn(): void {
    // A chain leaves its end under the known name, so that it is found after a restart.
    if (this.#chained?.isBegun === true) this.#ready([])
    else this.#letGo()
    this.#write()
    if (this.#file !== undefined) this.#syncNow(this.#file)
  }

  /** Closes the file once the disk has all of it. */
  #letGo(): void {
    if (this.#file !== undefined) this.#syncNow(this.#file)
    this.#closeFile()
    this.#isMoved = false
  }

  #closeFile(): void {
    if (this.#file === undefined) return
    const { descriptor } = this.#file
    this.#file = undefined
    // The system may hand the number of a closed file to another while the disk still works on this one.
    if (this.#syncing === undefined) this.#files.closeSync(descriptor)
    else void this.#syncing.catch(() => undefined).finally(() => this.#files.closeSync(descriptor))
  }
}
