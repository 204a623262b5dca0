import { randomUUID } from 'node:crypto'

/** The place of a request in a trace (W3C Trace Context). */
export interface TraceContext {
  /** 32 digits in hexadecimal. */
  readonly traceId: string
  /** 16 of them: the span of this request where something makes spans, else its caller's; undefined where the trace begins here. */
  readonly spanId: string | undefined
  /** Whether the caller keeps its part of the trace. */
  readonly isSampled: boolean
  /** Whether it came with the request. */
  readonly isRemote: boolean
}

const form = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/
/** A version that is yet to come may append fields; a header that is longer than these could fill is none. */
const longestTraceparent = 512

/**
 * What a `traceparent` says (W3C Trace Context, levels 1 and 2); undefined where it is none to the letter, or was sent twice. Of versions
 * that are yet to come, the fields of version 00 are read.
 */
export function readTraceparent(header: string | readonly string[] | undefined): TraceContext | undefined {
  if (typeof header !== 'string' || header.length > longestTraceparent) return undefined
  const [, version = '', traceId = '', spanId = '', flags = '', further] = form.exec(withoutSpace(header)) ?? []
  if (version === '' || version === 'ff' || (version === '00' && further !== undefined)) return undefined
  if (isZero(traceId) || isZero(spanId)) return undefined
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1, isRemote: true }
}

/** A trace that begins here. */
export function newTrace(): TraceContext {
  return { traceId: randomUUID().replaceAll('-', ''), spanId: undefined, isSampled: false, isRemote: false }
}

const key = /^[a-z\d][a-z\d_\-*/@]{0,255}$/
const value = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/
const mostMembers = 32
/** Characters that everybody passes on (§3.3.1.5), and those of a member that goes first where there are more. */
const longestState = 512
const longMember = 128
/** A header that is longer is not looked at: `tracestate` is a stranger's to fill. */
const longestHeader = 8_192

/** A `tracestate` that may be passed on: undefined where it is none to the letter, and shortened where it is long. */
export function readTracestate(header: string | readonly string[] | undefined): string | undefined {
  const text = typeof header === 'string' ? header : header?.join(',')
  if (text === undefined || text.length > longestHeader) return undefined
  const members = text
    .split(',')
    .map(withoutSpace)
    .filter((member) => member !== '')
  const names = new Set(members.map((member) => member.slice(0, member.indexOf('='))))
  if (members.length === 0 || members.length > mostMembers || names.size < members.length || !members.every(isMember)) return undefined
  return shortened(members)
}

function isMember(member: string): boolean {
  const at = member.indexOf('=')
  return at > 0 && key.test(member.slice(0, at)) && value.test(member.slice(at + 1))
}

function shortened(members: readonly string[]): string | undefined {
  const whole = members.join(',')
  if (whole.length <= longestState) return whole
  const kept = members.filter(({ length }) => length <= longMember)
  while (kept.join(',').length > longestState) kept.pop()
  return kept.length === 0 ? undefined : kept.join(',')
}

function withoutSpace(text: string): string {
  let start = 0
  let end = text.length
  while (isSpace(text, start)) start += 1
  while (end > start && isSpace(text, end - 1)) end -= 1
  return text.slice(start, end)
}

function isSpace(text: string, at: number): boolean {
  return text[at] === ' ' || text[at] === '\t'
}

function isZero(id: string): boolean {
  return /^0*$/.test(id)
}
