import type { ApiRequest } from '../context.js'
import { MalformedRequest } from '../errors.js'
import type { Protection } from '../protection.js'

/** Headers of which a request has one, or it has two meanings. */
const singletons: ReadonlySet<string> = new Set(['host', 'authorization', 'content-type', 'content-length', 'transfer-encoding', 'expect'])
/** One bit for the length of each. */
const lengths = [...singletons].reduce((bits, { length }) => bits | (1 << length), 0)
const hostForm = /^(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/

/**
 * Refuses what parsers of one chain read in different ways (RFC 9112 §3.2, §6.1, RFC 9110 §5.3): headers that are sent
 * twice, a missing or broken `Host`, and every framing but a length or `chunked`. After broken framing the connection
 * ends, because where the next request begins is anybody's guess.
 */
export function wellFormed(): Protection {
  return {
    name: 'well-formed',
    phase: 'transport',
    compile: () =>
      function wellFormedRequest({ request }) {
        requireSingletons(request)
        requireHost(request)
        requireFraming(request)
        requireExpectation(request)
      },
    document: (_route, operation) => operation.refusal({ status: 400, code: 'malformed-request' }),
  }
}

/** Looks at what was sent: counting the names in `headers` is quicker, and wrong once a middleware of the host has added one. */
function requireSingletons({ rawHeaders }: ApiRequest): void {
  let seen = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const length = rawHeaders[index]?.length ?? 0
    const bit = length > 31 ? 0 : lengths & (1 << length)
    // Two names of one length may be one name: only then are they read.
    if ((seen & bit) !== 0) {
      requireOneOfEach(rawHeaders)
      return
    }
    seen |= bit
  }
}

function requireOneOfEach(rawHeaders: readonly string[]): void {
  const seen = new Set<string>()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase()
    if (!singletons.has(name)) continue
    if (seen.has(name)) throw sentTwice(name)
    seen.add(name)
  }
}

function sentTwice(name: string): MalformedRequest {
  return new MalformedRequest(`The header ${name} was sent twice.`, {
    reason: `two-${name}`,
    event: 'malicious_extraneous',
    closes: name === 'content-length' || name === 'transfer-encoding',
    headers: name === 'authorization' ? ['WWW-Authenticate', 'Bearer error="invalid_request"'] : [],
  })
}

function requireHost({ headers: { host } }: ApiRequest): void {
  if (host === undefined || !hostForm.test(host)) throw new MalformedRequest('The header Host is missing or broken.', { reason: 'host' })
}

function requireFraming({ headers, isUnframed }: ApiRequest): void {
  const encoding = headers['transfer-encoding']
  if (encoding === undefined && isUnframed !== true) return
  if (encoding?.toLowerCase() !== 'chunked' || headers['content-length'] !== undefined || isUnframed === true) {
    throw new MalformedRequest('The framing of the body is not supported.', {
      reason: 'transfer-encoding',
      event: 'malicious_extraneous',
      closes: true,
    })
  }
}

function requireExpectation({ headers: { expect } }: ApiRequest): void {
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    throw new MalformedRequest('The header Expect asks for something unknown.', { reason: 'expect', closes: true })
  }
}
