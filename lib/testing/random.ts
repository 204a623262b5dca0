/** Numbers that look like chance, and are the same for the same seed. */
export interface Random {
  /** A whole number from 0, below `limit`. */
  below(limit: number): number
}

/** A generator of Weyl and Murmur: good enough to choose what a test does. */
export function random(seed: number): Random {
  let state = seed | 0
  return {
    below(limit) {
      state = (state + 0x9e3779b9) | 0
      let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
      return ((mixed ^ (mixed >>> 16)) >>> 0) % limit
    },
  }
}
