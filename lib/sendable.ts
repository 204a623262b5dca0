import { validateHeaderName, validateHeaderValue } from 'node:http'

/** Throws for a name or a value that no header of an answer may have: found when the answer is written, it would end the connection instead. */
export function requireSendable(name: string, value: string): void {
  validateHeaderName(name)
  validateHeaderValue(name, value)
}

/** The same of names and values in turn. */
export function requireAllSendable(headers: readonly string[]): void {
  for (let index = 0; index < headers.length; index += 2) requireSendable(headers[index] as string, headers[index + 1] as string)
}
