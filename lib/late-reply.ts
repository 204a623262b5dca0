import type { Reply } from './context.js'

type Listener = (reply: Reply) => void

/** A reply that is still to be made, and comes for certain. It can be awaited; whoever listens instead is spared a promise. */
export class LateReply implements PromiseLike<Reply> {
  #made: Reply | undefined
  #listener: Listener | undefined

  /** Calls `listener` when the reply is made, before whoever makes it goes on, or at once where it is made. It must not throw. */
  whenMade(listener: Listener): void {
    const before = this.#listener
    if (this.#made !== undefined) listener(this.#made)
    else this.#listener = before === undefined ? listener : (reply) => (before(reply), listener(reply))
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is to be awaited
  then<One, Other>(
    taken?: ((reply: Reply) => One | PromiseLike<One>) | null,
    failed?: ((reason: unknown) => Other | PromiseLike<Other>) | null,
  ): Promise<One | Other> {
    return new Promise<Reply>((resolve) => this.whenMade(resolve)).then(taken, failed)
  }

  protected make(reply: Reply): void {
    this.#made = reply
    this.#listener?.(reply)
  }
}
