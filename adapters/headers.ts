import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'

/** Belong to one connection of HTTP/1.1: HTTP/2 has none of them (RFC 9113 §8.2.2), and a Fetch host sets its own. */
const ofOneConnection: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

/** Without what belongs to one connection of HTTP/1.1: names and values in turn. */
export function withoutConnectionHeaders(headers: readonly string[]): readonly string[] {
  const kept: string[] = []
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? ''
    if (!ofOneConnection.has(name.toLowerCase())) kept.push(name, headers[index + 1] ?? '')
  }
  return kept
}

/** Sets headers one by one, keeping those that are named twice and what the host said in `Vary`. */
export function setHeaders(response: ServerResponse | Http2ServerResponse, headers: readonly string[]): void {
  for (const name of ['X-Powered-By', 'Server']) response.removeHeader(name)
  const named = new Map<string, { name: string; values: string[] }>()
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? ''
    const entry = named.get(name.toLowerCase()) ?? { name, values: [] }
    entry.values.push(headers[index + 1] ?? '')
    named.set(name.toLowerCase(), entry)
  }
  for (const [key, { name, values }] of named) {
    if (key === 'vary') response.setHeader(name, joined(response.getHeader(name), values))
    else response.setHeader(name, values.length === 1 ? (values[0] ?? '') : values)
  }
}

function joined(before: number | string | string[] | undefined, values: readonly string[]): string {
  return [before ?? [], values].flat().join(', ')
}
