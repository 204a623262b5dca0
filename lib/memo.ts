import { detached } from './detached.js'

/** Remembers what was found out about texts. They come from outside: when it is full it forgets them all, rather than grow. */
export class Memo<Found> {
  readonly #found = new Map<string, Found>()

  constructor(private readonly most: number) {}

  get(text: string): Found | undefined {
    return this.#found.get(text)
  }

  keep(text: string, found: Found): Found {
    if (this.#found.size === this.most) this.#found.clear()
    this.#found.set(detached(text), found)
    return found
  }
}
