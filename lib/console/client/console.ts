import { Chart } from './chart.js'
import { byId } from './elements.js'
import { Events } from './events.js'
import { Panels } from './panels.js'
import { Routes } from './routes.js'
import { Refused, Source } from './source.js'
import { followClock, minuteOf, refreshTimes } from './times.js'

/** Milliseconds between two looks at how things stand. */
const pace = 10_000

const longestWait = 30_000

/** Milliseconds before the stream is asked for again where it ended as it should. */
const soon = 500

const source = new Source()
const content = byId('content', HTMLElement)
const connection = byId('connection', HTMLElement)
const access = byId('access', HTMLElement)
const reason = byId('access-reason', HTMLElement)
const form = byId('access-form', HTMLFormElement)
const token = byId('access-token', HTMLInputElement)

let views: ReadonlyArray<Chart | Panels | Routes> = []
let events: Events | undefined
let last: string | undefined
let shownAt: number | undefined
let timer: ReturnType<typeof setTimeout> | undefined
let failures = 0
let isListening = false

form.addEventListener('submit', (event) => {
  event.preventDefault()
  source.use(token.value.trim())
  token.value = ''
  access.hidden = true
  say('Loading…', 'waiting')
  void look()
})
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && access.hidden) void look()
})
addEventListener('online', () => void look())
setInterval(refreshTimes, 5_000)
void look()

/** Asks how things stand, shows it, and asks again in a while. */
async function look(): Promise<void> {
  clearTimeout(timer)
  try {
    const state = await source.state()
    failures = 0
    followClock(state.now)
    shownAt = Date.now()
    open()
    for (const view of views) view.update(state)
    if (isListening) say('Live', 'live')
    else void follow()
    // Nobody looks at a page in the background.
    if (document.visibilityState === 'visible') again(pace)
  } catch (error) {
    fail(error)
  }
}

function open(): void {
  if (views.length > 0) return
  content.hidden = false
  events = new Events()
  views = [new Panels(), new Chart(), new Routes()]
}

/** Listens to the events, and goes on listening when the stream has ended. */
async function follow(): Promise<void> {
  isListening = true
  try {
    await source.listen(
      last,
      () => say('Live', 'live'),
      (messages) => {
        for (const message of messages) if (message.kind === 'dropped') events?.drop(message.count)
        const fresh = messages.flatMap((message) => (message.kind === 'event' ? [message] : []))
        last = fresh.at(-1)?.id ?? last
        events?.add(fresh.map(({ event }) => event))
      },
    )
    isListening = false
    again(soon)
  } catch (error) {
    isListening = false
    fail(error)
  }
}

function fail(error: unknown): void {
  if (error instanceof Refused && (error.status === 401 || error.status === 403)) {
    askForToken(error.status)
    return
  }
  failures += 1
  const wait = Math.min(longestWait, 1_000 * 2 ** Math.min(failures, 5)) * (0.75 + Math.random() / 2)
  const asked = error instanceof Refused ? (error.retryAfter ?? 0) * 1_000 : 0
  const delay = Math.max(wait, asked)
  const what = navigator.onLine
    ? error instanceof Refused
      ? `The server answers ${error.status}`
      : 'The server does not answer'
    : 'Offline'
  const since = shownAt === undefined ? '' : `; what you see is of ${minuteOf(shownAt)}`
  say(`${what}${since}. Trying again in ${Math.ceil(delay / 1_000)} s`, 'lost')
  again(delay)
}

function again(delay: number): void {
  clearTimeout(timer)
  timer = setTimeout(() => void look(), delay)
}

function askForToken(status: number): void {
  clearTimeout(timer)
  const refused = source.hasToken
    ? 'This token is not valid, or no longer.'
    : 'This page shows nothing to strangers. Give an access token that may see it.'
  reason.textContent = status === 403 ? 'You are known, and may not see this: the permission is missing.' : refused
  access.hidden = false
  say('Not connected', 'lost')
  token.focus()
}

function say(text: string, state: 'waiting' | 'live' | 'lost'): void {
  connection.dataset['state'] = state
  if (connection.textContent !== text) connection.textContent = text
}
