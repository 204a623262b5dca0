/** How many requests of one key may go on uncharged, each until a later phase. */
const mostWaiting = 8

/** Counts whose requests go on before they are charged: a flood of them is charged first. */
export class WaitingRoom {
  readonly #waiting = new Map<string, number>()

  /** Whether there is a place for one more; it is taken then. */
  enter(key: string): boolean {
    const others = this.#waiting.get(key) ?? 0
    if (others >= mostWaiting) return false
    this.#waiting.set(key, others + 1)
    return true
  }

  leave(key: string): void {
    const others = (this.#waiting.get(key) ?? 1) - 1
    if (others === 0) this.#waiting.delete(key)
    else this.#waiting.set(key, others)
  }
}
