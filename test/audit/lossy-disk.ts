import fs from 'node:fs'
import { realFiles } from '../../lib/audit/file-system.js'
import type { FileSystem } from '../../lib/audit/file-system.js'

/** A disk that keeps only what was synced when the power is lost, and forgets what a failed sync was for, as systems do. */
export class LossyDisk {
  isBroken = false
  isFull = false
  /** Bytes that a full disk still takes. */
  room = 0
  /** Those that ask for a sync are put here, and wait, where this is a list. */
  held: Array<() => void> | undefined
  syncs = 0
  writes = 0
  readonly #kept = new Map<number, number>()
  readonly #forgotten = new Map<number, { readonly from: number; readonly to: number }>()

  readonly files: FileSystem = {
    ...realFiles,
    fsync: Object.assign((file: number, done: fs.NoParamCallback) => this.#ask(file, done), {
      __promisify__: fs.fsync.__promisify__,
    }),
    fsyncSync: (file) => {
      if (fs.fstatSync(file).isFile()) this.#begin(file)()
    },
    ftruncateSync: (file, size = 0) => {
      fs.ftruncateSync(file, size)
      const { ino } = fs.fstatSync(file)
      this.#kept.set(ino, Math.min(this.#kept.get(ino) ?? 0, size))
      const hole = this.#forgotten.get(ino)
      if (hole === undefined) return
      if (size <= hole.from) this.#forgotten.delete(ino)
      else this.#forgotten.set(ino, { from: hole.from, to: Math.min(hole.to, size) })
    },
    writeSync: ((file: number, bytes: NodeJS.ArrayBufferView) => {
      this.writes++
      const length = this.isFull ? Math.min(this.room, bytes.byteLength) : bytes.byteLength
      if (length === 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
      if (this.isFull) this.room -= length
      return fs.writeSync(file, bytes, 0, length)
    }) as FileSystem['writeSync'],
  }

  /** What a loss of power would leave of a file. */
  kept(path: string): string {
    if (!fs.existsSync(path)) return ''
    return fs
      .readFileSync(path)
      .subarray(0, this.#kept.get(fs.statSync(path).ino) ?? 0)
      .toString()
  }

  /** Lets those go on that were held, and all that come. */
  release(): void {
    const held = this.held ?? []
    this.held = undefined
    for (const go of held) go()
  }

  #ask(file: number, done: fs.NoParamCallback): void {
    this.syncs++
    const end = this.#begin(file)
    const go = () => {
      try {
        end()
        done(null)
      } catch (error) {
        done(error as Error)
      }
    }
    if (this.held === undefined) setImmediate(go)
    else this.held.push(go)
  }

  /** Begins to bring to the disk what the file holds now; the function that comes back ends it. */
  #begin(file: number): () => void {
    const { ino, size } = fs.fstatSync(file)
    return () => {
      const kept = this.#kept.get(ino) ?? 0
      if (this.isBroken) {
        if (size > kept) this.#forgotten.set(ino, { from: kept, to: size })
        throw Object.assign(new Error('the disk is broken'), { code: 'EIO' })
      }
      this.#kept.set(ino, Math.max(kept, Math.min(size, this.#forgotten.get(ino)?.from ?? Infinity)))
    }
  }
}
