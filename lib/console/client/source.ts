import type { ConsoleState, ShownEvent } from '../shape.js'

/** An answer that is none of those that were hoped for. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    /** Seconds, where the server says so. */
    readonly retryAfter: number | undefined,
  ) {
    super(`the server answered ${status}`)
  }
}

/** What came on the stream of events. */
export type Message =
  | { readonly kind: 'event'; readonly id: string; readonly event: ShownEvent }
  | { readonly kind: 'dropped'; readonly count: number }

/** No sign of life for so many milliseconds: the connection is lost, whatever it looks like. The server gives one every 15 seconds. */
const silence = 40_000

const patience = 15_000

/** Where the page gets its data from: beside its own files, with the browser's cookies or with a token that is kept here alone. */
export class Source {
  #token: string | undefined

  get hasToken(): boolean {
    return this.#token !== undefined
  }

  use(token: string): void {
    this.#token = token
  }

  async state(): Promise<ConsoleState> {
    const response = await this.#ask('state', {}, AbortSignal.timeout(patience))
    return (await response.json()) as ConsoleState
  }

  /** Tells what comes until the stream ends. Throws where it breaks, or is silent. */
  async listen(after: string | undefined, opened: () => void, tell: (messages: readonly Message[]) => void): Promise<void> {
    const watch = new AbortController()
    let timer = setTimeout(() => watch.abort(), silence)
    try {
      const response = await this.#ask('events', after === undefined ? {} : { 'Last-Event-ID': after }, watch.signal)
      opened()
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
      let rest = ''
      for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
        clearTimeout(timer)
        timer = setTimeout(() => watch.abort(), silence)
        const blocks = (rest + part.value).split('\n\n')
        rest = blocks.pop() ?? ''
        const messages = blocks.flatMap((block) => messageIn(block) ?? [])
        if (messages.length > 0) tell(messages)
      }
    } finally {
      clearTimeout(timer)
    }
  }

  async #ask(name: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    const token = this.#token
    const response = await fetch(new URL(name, import.meta.url), {
      headers: token === undefined ? headers : { ...headers, Authorization: `Bearer ${token}` },
      // Two ways to say who calls would be one too many.
      credentials: token === undefined ? 'same-origin' : 'omit',
      cache: 'no-store',
      redirect: 'error',
      signal,
    })
    if (response.ok) return response
    const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN)
    throw new Refused(response.status, Number.isFinite(seconds) ? seconds : undefined)
  }
}

/** Reads one message of the stream; a sign of life is none. */
function messageIn(block: string): Message | undefined {
  const fields = new Map(
    block.split('\n').map((line) => {
      const colon = line.indexOf(': ')
      return [line.slice(0, colon), line.slice(colon + 2)] as const
    }),
  )
  const data = fields.get('data')
  if (data === undefined) return undefined
  if (fields.get('event') === 'dropped') return { kind: 'dropped', count: Number(data) }
  return { kind: 'event', id: fields.get('id') ?? '', event: JSON.parse(data) as ShownEvent }
}
