import type { Redactor } from './redact.js'

/** How much of a message is written, in characters. */
const longestMessage = 4_000

/** What a log line says before what came along with it. */
export interface LineHead {
  readonly level: unknown
  readonly message: unknown
}

/** One line of JSON: `timestamp`, `level`, `message` and what came along, secrets masked. No value can break it. */
export function logLine({ level, message }: LineHead, about: object, redactor: Redactor): string {
  const head = `{"timestamp":"${new Date().toISOString()}","level":${redactor.json(level)},"message":${messageOf(message, redactor)}`
  const members = redactor.json(about)
  if (members === '{}') return `${head}}`
  // A list, an error with a conversion of its own: whatever is no object of members stands under a name.
  return members.startsWith('{') ? `${head},${members.slice(1)}` : `${head},"about":${members}}`
}

/** Whoever calls from JavaScript may give anything as a message. */
function messageOf(message: unknown, redactor: Redactor): string {
  return typeof message === 'string' ? redactor.text(message, longestMessage) : redactor.json(message)
}

/** A message as plain text, secrets masked and commands to terminals shown as what they are. */
export function safeMessage(message: string, redactor: Redactor): string {
  const text: unknown = JSON.parse(withVisibleEscapes(messageOf(message, redactor)))
  return typeof text === 'string' ? text : JSON.stringify(text)
}

/** What came along with a message, as plain data that any logger can write. */
export function safeAbout(about: object, redactor: Redactor): object {
  const data = JSON.parse(withVisibleEscapes(redactor.json(about))) as unknown
  return typeof data === 'object' && data !== null && !Array.isArray(data) ? data : { about: data }
}

/** A finished record as plain data. */
export function recordOf(line: string): Readonly<Record<string, unknown>> {
  return JSON.parse(withVisibleEscapes(line)) as Readonly<Record<string, unknown>>
}

/**
 * JSON in which `\u202e` stands for these six characters rather than for the mark that turns text around: once it is parsed, a logger
 * that escapes less than we do writes nothing that a terminal would obey. Line breaks stay; every logger of JSON escapes them.
 */
function withVisibleEscapes(json: string): string {
  return json.replace(/(?<!\\)((?:\\\\)*)\\u(?=[\da-f]{4})/g, String.raw`$1\\u`)
}
