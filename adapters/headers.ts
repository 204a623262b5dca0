import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { lacking } from '../lib/header-block.js'

/** Belong to one connection of HTTP/1.1: HTTP/2 has none of them (RFC 9113 §8.2.2), and a Fetch host sets its own. */
const ofOneConnection: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

/** Without what belongs to one connection of HTTP/1.1: names and values in turn. */
export function withoutConnectionHeaders(headers: readonly string[]): readonly string[] {
  return lacking(headers, ofOneConnection)
}

/** Sets headers one by one, keeping those that are named twice and what the host said in `Vary`. */
export function setHeaders(response: ServerResponse | Http2ServerResponse, headers: readonly string[]): void {
  response.removeHeader('X-Powered-By')
  response.removeHeader('Server')
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? ''
    const value = headers[index + 1] ?? ''
    const before = isVary(name) || isNamedBefore(headers, index) ? response.getHeader(name) : undefined
    if (before === undefined) response.setHeader(name, value)
    else if (isVary(name)) response.setHeader(name, [before, value].flat().join(', '))
    else response.setHeader(name, [before, value].flat().map(String))
  }
}

function isVary(name: string): boolean {
  return name.length === 4 && name.toLowerCase() === 'vary'
}

/** Whether the name stands further left too. Two names of one length may be one name: only then are they read. */
function isNamedBefore(headers: readonly string[], index: number): boolean {
  const name = headers[index] ?? ''
  for (let at = 0; at < index; at += 2) {
    const other = headers[at] ?? ''
    if (other.length === name.length && other.toLowerCase() === name.toLowerCase()) return true
  }
  return false
}
