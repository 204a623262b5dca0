import { defaultHeaders } from '../transport/security-headers.js'
import type { InjectedReply } from './inject.js'
import { leakIn } from './leak.js'

/** The part of chai that a plug-in needs. */
interface Chai {
  readonly Assertion: {
    addMethod(name: string, method: (this: object, ...words: unknown[]) => void): void
  }
}

/** One assertion at work. */
interface Assertion {
  readonly _obj: unknown
  assert(holds: boolean, message: string, negated: string, expected: unknown, actual: unknown): void
}

declare global {
  // The types of chai stand in this namespace, and take more of them in: nothing is imported of what a user may not have installed.
  namespace Chai {
    interface Assertion {
      /** It is a problem document (RFC 9457) with this code, and says nothing of how the server works. */
      problem(code: string): void
      /** It is refused: with this status, or with any from 400. */
      refused(status?: number): void
      /** It bears the security headers of the API set, or those that are named, each with its value. */
      securityHeaders(headers?: Readonly<Record<string, string>>): void
    }
  }
}

/**
 * Teaches chai what answers of an API are: `chai.use(portcullisChai)`, then
 * `expect(await inject(api, call)).to.be.problem('permission-denied')`, `.to.be.refused(403)` and `.to.have.securityHeaders()`.
 */
export function portcullisChai({ Assertion }: Chai): void {
  Assertion.addMethod('problem', function problem(this: object, code: unknown) {
    const { reply, check } = read(this)
    const said = reply.problem?.code ?? `no problem, but ${reply.status}`
    check(said === code, `expected the problem ${String(code)}, and it is ${said}`, `expected any answer but the problem ${said}`)
    const leak = leakIn(reply.body)
    if (said === code && leak !== undefined) throw new Error(`the problem ${said} tells a stranger of ${JSON.stringify(leak)}`)
  })
  Assertion.addMethod('refused', function refused(this: object, status: unknown) {
    const { reply, check } = read(this)
    const wanted = typeof status === 'number' ? String(status) : 'a status from 400'
    const holds = status === undefined ? reply.status >= 400 : reply.status === status
    check(holds, `expected a refusal with ${wanted}, and it is ${reply.status}`, `expected no refusal with ${wanted}, and it is one`)
  })
  Assertion.addMethod('securityHeaders', function securityHeaders(this: object, given: unknown) {
    const { reply, check } = read(this)
    const wanted = (given as Readonly<Record<string, string>> | undefined) ?? usualHeaders
    const missing = Object.entries(wanted).find(([name, value]) => reply.headers.get(name) !== value)
    const said = missing && `expected ${missing[0]}: ${missing[1]}, and it is ${reply.headers.get(missing[0]) ?? 'not there'}`
    check(missing === undefined, said ?? '', 'expected none of the security headers to be as they should')
  })
}

const usualHeaders: Readonly<Record<string, string>> = Object.fromEntries(
  defaultHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name, defaultHeaders[index + 1] ?? '']] : [])),
)

function read(asked: object) {
  const assertion = asked as Assertion
  const subject = assertion._obj
  if (!isReply(subject)) throw new TypeError('this is no answer of inject()')
  const check = (holds: boolean, message: string, negated: string) => assertion.assert(holds, message, negated, undefined, undefined)
  return { reply: subject, check }
}

function isReply(value: unknown): value is InjectedReply {
  return typeof value === 'object' && value !== null && 'status' in value && 'headers' in value && value.headers instanceof Headers
}
