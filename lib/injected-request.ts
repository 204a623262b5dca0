import { Readable } from 'node:stream'
import type { IncomingHttpHeaders } from 'node:http'
import type { ApiRequest } from './context.js'
import type { StatedCaller } from './stated-caller.js'

/** What a request that never was on a wire consists of. */
export interface InjectedParts extends Pick<ApiRequest, 'method' | 'target' | 'remoteAddress' | 'encrypted'> {
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[]
  readonly bytes: Uint8Array
  /** Whose request it is, as a verified credential would have said. */
  readonly caller: StatedCaller | undefined
}

/**
 * A request that a test makes of an API in its own process, and perhaps says who calls.
 *
 * Who calls is a private field. Such a field cannot be named by a property, a header, a parsed body, a prototype, a copy or a proxy:
 * an object has it because this constructor made it, and the one function of the package that calls it is `inject` of
 * `portcullis/testing`. Adapters make requests of their own class, so nothing that came over a socket ever has it.
 */
export class InjectedRequest implements ApiRequest {
  readonly method: string
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly remoteAddress: string | undefined
  readonly encrypted: boolean
  readonly body: Readable
  readonly gone = false
  readonly #caller: StatedCaller | undefined

  constructor({ method, target, remoteAddress, encrypted, rawHeaders, bytes, caller }: InjectedParts) {
    this.method = method
    this.target = target
    this.remoteAddress = remoteAddress
    this.encrypted = encrypted
    this.rawHeaders = rawHeaders
    this.headers = joined(rawHeaders)
    this.body = Readable.from(bytes.length === 0 ? [] : [bytes])
    this.#caller = caller
  }

  onGone(_listener: () => void): void {
    // Who waits in the same process does not leave.
  }

  /** Who is stated to call; undefined for every request that this class has not made. */
  static callerOf(request: ApiRequest): StatedCaller | undefined {
    return #caller in request ? request.#caller : undefined
  }
}

/** Headers as `node:http` joins them, closely enough: what may come once is refused by the pipeline where it came twice. */
function joined(rawHeaders: readonly string[]): IncomingHttpHeaders {
  const headers = Object.create(null) as Record<string, string>
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase()
    const value = rawHeaders[index + 1] ?? ''
    const before = headers[name]
    headers[name] = before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`
  }
  return headers
}
