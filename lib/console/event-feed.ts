import { randomBytes } from 'node:crypto'
import type { Clock } from '../context.js'
import { Unavailable } from '../errors.js'
import type { ApiWatcher } from '../insight.js'
import { EventStream } from './event-stream.js'
import type { KeptEvent } from './event-stream.js'

/** How many events are kept, and how many may wait for one listener. */
const eventsKept = 100

/** Milliseconds between two looks at the listeners. */
const pace = 250

/** Looks between two signs of life: 15 seconds. */
const beatEvery = 60

/** For how long one may listen before showing again that one may, in milliseconds. */
const longestListening = 120_000

/** Who wants to listen. */
export interface Listener {
  /** The id of the last event that they have. */
  readonly after?: string | undefined
  /** When what they showed ends, in milliseconds since 1970. */
  readonly expiresAt?: number | undefined
  /** Whether nobody can read it any more, or nobody should. */
  readonly isOver?: () => boolean
}

/** Keeps the newest security events, and sends them to those who listen. Nothing is parsed, and no timer runs, while nobody does. */
export class EventFeed implements ApiWatcher {
  readonly #clock: Clock
  readonly #most: number
  readonly #epoch = randomBytes(6).toString('hex')
  readonly #streams = new Set<EventStream>()
  // Bytes, not strings: a string cut out of a request would keep all of the request alive.
  readonly #kept: KeptEvent[] = []
  #last = 0
  #looks = 0
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(clock: Clock, mostListeners: number) {
    this.#clock = clock
    this.#most = mostListeners
  }

  get listeners(): number {
    return this.#streams.size
  }

  eventRecorded(line: string): void {
    this.#last += 1
    const event = { number: this.#last, line: Buffer.from(line) }
    this.#kept[this.#last % eventsKept] = event
    for (const stream of this.#streams) stream.receive(event)
  }

  /** A stream that begins with what is kept and what the listener does not have. Throws `Unavailable` where too many listen. */
  open({ after, expiresAt = Infinity, isOver = () => false }: Listener): EventStream {
    if (this.#isClosed || this.#streams.size >= this.#most) {
      throw new Unavailable('Too many listen already.', { reason: 'console-listeners', headers: ['Retry-After', '10'] })
    }
    const endsAt = Math.min(this.#clock.now() + longestListening, expiresAt)
    const stream = new EventStream({ epoch: this.#epoch, most: eventsKept, endsAt, isOver })
    this.#streams.add(stream)
    stream.once('close', () => this.#leave(stream))
    for (const event of this.#keptAfter(after)) stream.receive(event)
    stream.flush()
    // Headers alone may be kept back by whoever stands in between.
    stream.beat()
    this.#timer ??= setInterval(() => this.look(), pace).unref()
    return stream
  }

  /** Sends what waits, and ends what must end. Called by a timer while somebody listens. */
  look(): void {
    this.#looks += 1
    const now = this.#clock.now()
    for (const stream of this.#streams) {
      if (stream.options.isOver()) stream.destroy()
      else if (now >= stream.options.endsAt) this.#dismiss(stream)
      else {
        stream.flush()
        if (this.#looks % beatEvery === 0) stream.beat()
      }
    }
  }

  closed(): void {
    this.#isClosed = true
    for (const stream of this.#streams) this.#dismiss(stream)
  }

  #dismiss(stream: EventStream): void {
    stream.flush()
    stream.finish()
    this.#leave(stream)
  }

  #leave(stream: EventStream): void {
    this.#streams.delete(stream)
    if (this.#streams.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #keptAfter(id: string | undefined): readonly KeptEvent[] {
    const [epoch, number] = id?.split('-') ?? []
    const after = epoch === this.#epoch ? Number(number) : 0
    return this.#kept.filter((event) => event.number > after).toSorted((one, other) => one.number - other.number)
  }
}
