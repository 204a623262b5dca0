/** Bytes that there is room for from the start: a batch under load, and another. */
const usual = 131_072

/** Bytes above which an empty room is given up again. */
const spacious = 4_194_304

/**
 * Bytes on their way to a disk: those that are to be written, and those that were, until it is known that they need not be written again.
 * All of them in one piece of memory that is used over and over: one for each batch would live long enough to be collected with all the
 * process's old objects, and be so many bytes that this is done every few seconds.
 */
export class OutgoingBytes {
  #room = Buffer.alloc(0)
  /** Before it, nothing counts any more. */
  #start = 0
  /** Before it, everything was written. */
  #written = 0
  #end = 0

  /** How many are to be written. */
  get unwritten(): number {
    return this.#end - this.#written
  }

  /** How many were written and are kept. */
  get kept(): number {
    return this.#written - this.#start
  }

  /** Adds a text, as UTF-8. */
  add(text: string): void {
    // Three bytes for each unit of UTF-16, at most: most texts need not be counted.
    if (this.#end + text.length * 3 > this.#room.length) this.#makeRoom(Buffer.byteLength(text))
    this.#end += this.#room.write(text, this.#end)
  }

  /** What is to be written. It holds until something is added. */
  next(): Buffer {
    return this.#room.subarray(this.#written, this.#end)
  }

  /** The first `count` bytes of `next` were written; they are kept where they may have to be written again. */
  wrote(count: number, areKept: boolean): void {
    this.#written += count
    if (!areKept) this.forget()
  }

  /** What was written need not be kept. */
  forget(): void {
    this.#start = this.#written
    if (this.#start < this.#end) return
    this.#start = this.#written = this.#end = 0
    if (this.#room.length > spacious) this.#room = Buffer.alloc(0)
  }

  /** What was written and is kept is to be written again, before all else. */
  rewind(): void {
    this.#written = this.#start
  }

  #makeRoom(count: number): void {
    if (this.#end + count <= this.#room.length) return
    const held = this.#end - this.#start
    let size = Math.max(usual, this.#room.length)
    while (size < held + count) size *= 2
    const room = size === this.#room.length ? this.#room : Buffer.allocUnsafeSlow(size)
    this.#room.copy(room, 0, this.#start, this.#end)
    this.#room = room
    this.#written -= this.#start
    this.#end = held
    this.#start = 0
  }
}
