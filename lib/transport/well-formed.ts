import type { ApiRequest } from '../context.js'
import { MalformedRequest } from '../errors.js'
import type { Protection } from '../protection.js'

/** Headers of which a request has one, or it has two meanings. */
const singletons: ReadonlySet<string> = new Set(['host', 'authorization', 'content-type', 'content-length', 'transfer-encoding', 'expect'])
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
  }
}

function requireSingletons({ rawHeaders, headers }: ApiRequest): void {
  if (rawHeaders.length === Object.keys(headers).length * 2) return
  const seen = new Set<string>()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase()
    if (singletons.has(name) && seen.has(name)) {
      const closes = name === 'content-length' || name === 'transfer-encoding'
      const challenge = name === 'authorization' ? ['WWW-Authenticate', 'Bearer error="invalid_request"'] : []
      throw new MalformedRequest(`The header ${name} was sent twice.`, { reason: `two-${name}`, closes, headers: challenge })
    }
    seen.add(name)
  }
}

function requireHost({ headers: { host } }: ApiRequest): void {
  if (host === undefined || !hostForm.test(host)) throw new MalformedRequest('The header Host is missing or broken.', { reason: 'host' })
}

function requireFraming({ headers }: ApiRequest): void {
  const encoding = headers['transfer-encoding']
  if (encoding === undefined) return
  if (encoding.toLowerCase() !== 'chunked' || headers['content-length'] !== undefined) {
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
