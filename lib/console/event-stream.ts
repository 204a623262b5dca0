import { Readable } from 'node:stream'
import { shownEvent } from './shown-event.js'

/** A record, and its place among all that were kept since the start. */
export interface KeptEvent {
  readonly number: number
  readonly line: Buffer
}

/** What one listener is to get. */
export interface EventStreamOptions {
  /** Tells the numbers of this process from those of one before it. */
  readonly epoch: string
  /** How many events may wait for the listener. */
  readonly most: number
  /** When it ends, in milliseconds since 1970: whoever listens must show again that they may. */
  readonly endsAt: number
  /** Whether nobody can read it any more, or nobody should. */
  readonly isOver: () => boolean
}

/**
 * The events that one listener gets, as `text/event-stream` (WHATWG HTML §9.2). Events wait until `flush`: of more than `most` the oldest
 * are left out, and the listener is told how many. So a flood of events costs no more than a trickle, and a slow reader no memory.
 */
export class EventStream extends Readable {
  #waiting: KeptEvent[] = []
  #dropped = 0
  #isHungry = true

  constructor(readonly options: EventStreamOptions) {
    super()
  }

  override _read(): void {
    this.#isHungry = true
  }

  receive(event: KeptEvent): void {
    this.#waiting.push(event)
    if (this.#waiting.length <= this.options.most) return
    this.#waiting.shift()
    this.#dropped += 1
  }

  /** Sends what waits, if the listener has read what was sent before. */
  flush(): void {
    if (!this.#isHungry || (this.#waiting.length === 0 && this.#dropped === 0)) return
    const missing = this.#dropped === 0 ? '' : `event: dropped\ndata: ${this.#dropped}\n\n`
    const text = missing + this.#waiting.map((event) => this.#message(event)).join('')
    this.#waiting = []
    this.#dropped = 0
    this.#send(text)
  }

  /** A comment, which keeps proxies from ending the connection, and shows the listener that it still stands. */
  beat(): void {
    if (this.#isHungry) this.#send(': \n\n')
  }

  /** Ends when everything is read; at once where the listener does not read. */
  finish(): void {
    if (this.#isHungry) this.push(null)
    else this.destroy()
  }

  #message({ number, line }: KeptEvent): string {
    const shown = shownEvent(line.toString())
    return shown === undefined ? '' : `id: ${this.options.epoch}-${number}\nevent: record\ndata: ${JSON.stringify(shown)}\n\n`
  }

  #send(text: string): void {
    this.#isHungry = this.push(text)
  }
}
