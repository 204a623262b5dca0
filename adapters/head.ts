import { OutgoingMessage, STATUS_CODES, ServerResponse } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { RouteReply } from '../lib/answer.js'
import type { Reply } from '../lib/context.js'
import { HeaderBlock } from '../lib/header-block.js'

/**
 * What `writeHead` of Node hands the status line and its headers to. Node does not document it; it is asked below whether it does what is
 * expected of it, and left alone where it does not.
 */
interface Storing {
  readonly _header: string | null
  _storeHeader(firstLines: string, headers: readonly string[]): void
}

const nodesOwn: unknown = Reflect.get(ServerResponse.prototype, 'writeHead')
const isNodesOwn = isUnwrapped()
const takesBlocks = isNodesOwn && isAsExpected()

// Responses inherit these: whoever has put methods of their own into the place of one, for one response or for all, has a say in answers.
const nodesSetHeader: unknown = Reflect.get(OutgoingMessage.prototype, 'setHeader')
const nodesWrite: unknown = Reflect.get(OutgoingMessage.prototype, 'write')
const nodesEnd: unknown = Reflect.get(OutgoingMessage.prototype, 'end')

/** Where a response keeps headers that were set one by one: null where none ever was. */
const setOneByOne = Object.getOwnPropertySymbols(trialResponse()).find(({ description }) => description === 'kOutHeaders')

/**
 * Whether nobody has a say in the headers, or has said something: set one by one, they can be seen and changed until the answer is written. Where a
 * host has set one, and be it to remove it, `writeHead` would keep but the last of those that are named twice, and lose cookies. Who asks for them
 * when the answer has ended are logs of the host's, which listen for that besides its own `finishListeners`, and hosts without connections
 * of their own (serverless functions).
 */
export function isUnwatched({ socket }: IncomingMessage, response: ServerResponse, finishListeners: number): boolean {
  return (
    setOneByOne !== undefined &&
    (response as unknown as Readonly<Record<symbol, unknown>>)[setOneByOne] === null &&
    isNodesOwn &&
    response.writeHead === nodesOwn &&
    response.setHeader === nodesSetHeader &&
    hasNodesWrite(response) &&
    hasNodesEnd(response) &&
    response.listenerCount('finish') <= finishListeners &&
    socket instanceof Socket
  )
}

/** Whether each piece of a stream is written as it is. */
export function hasNodesWrite(response: ServerResponse): boolean {
  return response.write === nodesWrite
}

/** Whether the answer is ended with what we end it with. */
export function hasNodesEnd(response: ServerResponse): boolean {
  return response.end === nodesEnd
}

/**
 * Writes status and headers, where the host has said nothing of its own so far. `writeHead` looks at each character of each header, every
 * time; those that all answers of a route bear were looked at when the API was made, and are handed over as one text.
 */
export function writeHead(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  const { status } = reply
  if (takesBlocks && reply instanceof RouteReply && response.writeHead === nodesOwn && isUsual(status, request)) {
    response.statusCode = status
    response.statusMessage = STATUS_CODES[status] ?? 'unknown'
    storing(response)._storeHeader(reply.block.head(status), reply.own)
  } else response.writeHead(status, STATUS_CODES[status], reply.headers as string[])
}

/** Of answers without a body, and to clients that wait before they send theirs, `writeHead` knows more. */
function isUsual(status: number, { headers }: IncomingMessage): boolean {
  return status !== 204 && status !== 304 && headers.expect === undefined
}

function storing(response: ServerResponse): Storing {
  return response as unknown as Storing
}

/** What watches a program may have put a `writeHead` of its own into the place of Node's, for all responses: it must be called. */
function isUnwrapped(): boolean {
  return /^function writeHead\([\s\S]*\bthis\._storeHeader\(/.test(Function.prototype.toString.call(nodesOwn))
}

/** Whether an answer begins with the same bytes in both ways. */
function isAsExpected(): boolean {
  try {
    const block = new HeaderBlock(['X-Frame-Options', 'DENY', 'Referrer-Policy', 'no-referrer'])
    const own = ['Content-Length', '2', 'X-Request-Id', 'a']
    const [one, other] = [trialResponse(), trialResponse()]
    one.writeHead(201, STATUS_CODES[201], [...block.flat, ...own])
    storing(other)._storeHeader(block.head(201), own)
    return typeof storing(one)._header === 'string' && storing(one)._header === storing(other)._header
  } catch {
    return false
  }
}

function trialResponse(): ServerResponse {
  const response = new ServerResponse({ method: 'GET', httpVersionMajor: 1, httpVersionMinor: 1 } as IncomingMessage)
  // The second may end between the two.
  response.sendDate = false
  return response
}
