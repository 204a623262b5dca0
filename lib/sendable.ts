import { validateHeaderName, validateHeaderValue } from 'node:http'

/**
 * Throws for a name or a value that no header of an answer may have: found when the answer is written, it would end the connection instead. So it
 * does for what is beyond ASCII, of which hosts make one byte or two, by their kind and by the body behind it: what a client, or a cache, is told
 * would hang on that (RFC 9110 §5.5 wants none of it).
 */
export function requireSendable(name: string, value: string): void {
  validateHeaderName(name)
  if (beyondAscii.test(value)) throw new TypeError(`the header ${name} holds characters beyond ASCII: ${mend}`)
  validateHeaderValue(name, value)
}

const beyondAscii = /[\u0080-\uffff]/
const mend = "encode them, in a URL with encodeURI, in Content-Disposition as filename*=UTF-8'' and encodeURIComponent"

/** The same of names and values in turn. */
export function requireAllSendable(headers: readonly string[]): void {
  for (let index = 0; index < headers.length; index += 2) requireSendable(headers[index] as string, headers[index + 1] as string)
}
