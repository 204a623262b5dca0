import { deepEqual, equal, ok } from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import type { Api } from '../api.js'
import type { AdapterAbilities } from './adapter-trial.js'
import { valuesOf } from './wire.js'
import type { ReceivedAnswer, SentRequest } from './wire.js'

/** What the API answers to a request that no host and no adapter has touched. */
export async function untouchedAnswer(api: Api, { method, target, headers, body }: SentRequest): Promise<ReceivedAnswer> {
  const reply = await api.answer({
    ...{ method, target, headers: firstOfEach(headers), rawHeaders: headers.flat() },
    ...{ remoteAddress: '127.0.0.1', encrypted: false, gone: false },
    body: Readable.from(body.length === 0 ? [] : [Buffer.from(body)]),
    onGone: () => undefined,
  })
  const pairs = reply.headers.flatMap((name, index) => (index % 2 === 0 ? [[name, reply.headers[index + 1] ?? ''] as const] : []))
  return { status: reply.status, headers: pairs, body: method === 'HEAD' ? Buffer.alloc(0) : await bytesIn(reply.body) }
}

/** As Node does it with the headers that the rows send twice. */
function firstOfEach(headers: SentRequest['headers']): IncomingHttpHeaders {
  const first = new Map<string, string>()
  for (const [name, value] of headers) if (!first.has(name.toLowerCase())) first.set(name.toLowerCase(), value)
  return Object.fromEntries(first)
}

async function bytesIn(body: string | Uint8Array | Readable | undefined): Promise<Uint8Array> {
  if (!(body instanceof Readable)) return Buffer.from((body ?? '') as string)
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(Buffer.from(chunk as string))
  return Buffer.concat(chunks)
}

/** Belong to the connection, or to the way that the body is sent. */
const ofTheHost = /^(?:date|connection|keep-alive|te|transfer-encoding)$/

/** Throws where what arrived is not what the API has answered: a header lost, joined, changed or added, another body. */
export function requireSame(answer: ReceivedAnswer, expected: ReceivedAnswer, { ownHeaders = [] }: AdapterAbilities): void {
  const arrived = ownHeaders.reduce((rest, name) => withoutOwn(name, rest, expected), withoutOwnLength(answer, expected))
  equal(arrived.status, expected.status, `${arrived.status} arrived: ${Buffer.from(arrived.body).toString().slice(0, 500)}`)
  const [id, otherId] = [idOf(arrived), idOf(expected)]
  ok(id !== undefined && otherId !== undefined, 'the answer bears no X-Request-Id')
  deepEqual(comparable(arrived, id), comparable(expected, otherId))
  const [text, other] = [textOf(arrived, id), textOf(expected, otherId)]
  equal(text, other)
}

/** A host that has a whole stream at hand may say how long it is: then it must be true. To HEAD it cannot know. */
function withoutOwnLength(answer: ReceivedAnswer, expected: ReceivedAnswer): ReceivedAnswer {
  const isOwn = valuesOf(expected, 'content-length').length === 0 && expected.body.length > 0
  if (!isOwn || valuesOf(answer, 'content-length').join() !== String(answer.body.length)) return answer
  return { ...answer, headers: answer.headers.filter(([name]) => name.toLowerCase() !== 'content-length') }
}

/** What the API has set must have arrived; what the host has set beside it is its own. A length may be missing, but not be another. */
function withoutOwn(own: string, answer: ReceivedAnswer, expected: ReceivedAnswer): ReceivedAnswer {
  const arrived = valuesOf(answer, own).flatMap((value) => value.split(', '))
  const wanted = valuesOf(expected, own)
  const isUnsaid = own === 'content-length' && arrived.length === 0
  const kept = isUnsaid ? wanted : wanted.filter((value) => arrived.includes(value))
  const others = answer.headers.filter(([name]) => name.toLowerCase() !== own)
  return { ...answer, headers: [...others, ...kept.map((value) => [own, value] as const)] }
}

function idOf(answer: ReceivedAnswer): string | undefined {
  return valuesOf(answer, 'x-request-id')[0]
}

function textOf({ body }: ReceivedAnswer, id: string): string {
  return Buffer.from(body).toString('latin1').replaceAll(id, 'the id')
}

/** Names in lower case with their values; what a list may be joined in is joined, but cookies are not (RFC 6265 §3). */
function comparable(answer: ReceivedAnswer, id: string): readonly string[] {
  const names = new Set(answer.headers.map(([name]) => name.toLowerCase()).filter((name) => !ofTheHost.test(name)))
  return [...names].toSorted().flatMap((name) => {
    const values = valuesOf(answer, name).map((value) => value.replaceAll(id, 'the id'))
    return name === 'set-cookie' ? values.map((value) => `${name}: ${value}`) : [`${name}: ${values.join(', ')}`]
  })
}
