import { randomBytes } from 'node:crypto'

/**
 * HalfSipHash-2-4 with an answer of 64 bits, of a number and a text as UTF-16: a hash with a secret, made so that whoever chooses texts,
 * and sees no hashes, finds no two that collide sooner than chance does.
 */
export class KeyHash {
  /** The lower half of the last answer. */
  low = 0
  high = 0

  readonly #first: number
  readonly #second: number
  #v0 = 0
  #v1 = 0
  #v2 = 0
  #v3 = 0

  /** @param secret 8 bytes */
  constructor(secret: Buffer = randomBytes(8)) {
    this.#first = secret.readInt32LE(0)
    this.#second = secret.readInt32LE(4)
  }

  /** Puts the hash of both into `low` and `high`. */
  of(number: number, text: string): void {
    this.#v0 = this.#first
    this.#v1 = this.#second ^ 0xee
    this.#v2 = 0x6c796765 ^ this.#first
    this.#v3 = 0x74656462 ^ this.#second
    this.#absorb(number)
    const pairs = text.length & ~1
    for (let index = 0; index < pairs; index += 2) this.#absorb(text.charCodeAt(index) | (text.charCodeAt(index + 1) << 16))
    const rest = pairs < text.length ? text.charCodeAt(pairs) : 0
    this.#absorb(((text.length * 2 + 4) << 24) | rest)
    this.#v2 ^= 0xee
    this.#rounds(4)
    this.low = this.#v1 ^ this.#v3
    this.#v1 ^= 0xdd
    this.#rounds(4)
    this.high = this.#v1 ^ this.#v3
  }

  #absorb(word: number): void {
    this.#v3 ^= word
    this.#rounds(2)
    this.#v0 ^= word
  }

  #rounds(count: number): void {
    let v0 = this.#v0
    let v1 = this.#v1
    let v2 = this.#v2
    let v3 = this.#v3
    for (let round = 0; round < count; round += 1) {
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
    }
    this.#v0 = v0
    this.#v1 = v1
    this.#v2 = v2
    this.#v3 = v3
  }
}
