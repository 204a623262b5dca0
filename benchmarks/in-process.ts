// Requests without a network: what the gate itself costs.
import { Readable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Api, ApiRequest, Reply } from '../lib/index.js'
import type { RequestParts } from './requests.js'

/** A request as the adapter of node:http hands it in. Its body can be read once. */
export function inProcessRequest({ method, path, token, body }: RequestParts, remoteAddress = '192.0.2.1'): ApiRequest {
  const bytes = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const headers = headersOf(token, bytes?.length)
  return {
    method,
    target: path,
    headers,
    rawHeaders: Object.entries(headers).flat(),
    remoteAddress,
    encrypted: false,
    body: streamOf(bytes),
    gone: false,
    onGone: () => undefined,
  }
}

function headersOf(token: string | undefined, length: number | undefined): Record<string, string> {
  return {
    host: 'api.example.com',
    'user-agent': 'benchmark/1',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(length === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(length) }),
  }
}

function streamOf(bytes: Buffer | undefined): Readable {
  const stream = new Readable({ read: () => undefined, autoDestroy: false })
  if (bytes !== undefined) stream.push(bytes)
  stream.push(null)
  return stream
}

/** Answers a request, and throws where the answer is another: then it did not do the work. */
export async function answered(api: Api, request: ApiRequest, status: number): Promise<Reply> {
  const reply = await api.answer(request)
  if (reply.status !== status) throw new Error(`${request.method} ${request.target} was answered with ${reply.status}`)
  return reply
}

/** What calls took. */
export interface Calls {
  /** The number of the call that would have been next. */
  readonly next: number
  /** Of one call, in the mean. */
  readonly microseconds: number
}

/** Calls again and again for about `milliseconds`, with numbers from `first` on. */
export async function callFor(call: (number: number) => unknown, milliseconds: number, first = 0): Promise<Calls> {
  const start = performance.now()
  let next = first
  do {
    for (let index = 0; index < 64; index++) await call(next++)
    await turnOfTheLoop()
  } while (performance.now() - start < milliseconds)
  return { next, microseconds: ((performance.now() - start) * 1000) / (next - first) }
}

/** Makes `count` calls, for what is remembered of them. */
export async function callEach(count: number, call: (number: number) => unknown): Promise<void> {
  for (let number = 0; number < count; number++) {
    await call(number)
    if (number % 1_000 === 0) await turnOfTheLoop()
  }
}

/** Lets go what streams and timers have put off: as long as one promise follows another, it would pile up. */
function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes that are in use, on the heap and beside it. */
export async function memoryInUse(): Promise<number> {
  await turnOfTheLoop()
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
