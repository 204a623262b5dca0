import { OAuthError } from './oauth-error.js'

/** The parameters of an OAuth request. One without a value counts as left out (RFC 6749 §3.1). */
export class OAuthParameters {
  readonly #values = new Map<string, string>()
  readonly #repeated: string[] = []
  /** What `resource` names, which alone may come more than once (RFC 8707 §2). */
  readonly resources: readonly string[]

  /** @param input a query or a form as it was parsed: a text for each name, or a list where one came several times */
  constructor(input: unknown) {
    const resources: string[] = []
    for (const [name, given] of Object.entries(input ?? {}) as Array<[string, string | readonly string[]]>) {
      const values = [given].flat().filter((value) => value !== '')
      if (name === 'resource') resources.push(...values)
      else if (Array.isArray(given) && given.length > 1) this.#repeated.push(name)
      else if (values[0] !== undefined) this.#values.set(name, values[0])
    }
    this.resources = resources
  }

  /** The value of a parameter; undefined where it was left out, or came more than once. */
  get(name: string): string | undefined {
    return this.#values.get(name)
  }

  /** The value of a parameter that must be there. */
  require(name: string): string {
    const value = this.#values.get(name)
    if (value === undefined) throw new OAuthError('invalid_request', `The parameter ${name} is missing.`)
    return value
  }

  /** Refuses parameters that came more than once: which one counts, two servers may see differently (RFC 6749 §3.1). */
  requireSingle(): void {
    const [name] = this.#repeated
    if (name !== undefined) throw new OAuthError('invalid_request', 'A parameter came more than once.', { reason: 'repeated-parameter' })
  }
}

const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** The scopes in a `scope` parameter (RFC 6749 §3.3), each once; undefined where there is none. */
export function scopesOf(scope: string | undefined): readonly string[] | undefined {
  if (scope === undefined) return undefined
  const scopes = [...new Set(scope.split(' ').filter((one) => one !== ''))]
  if (scopes.length === 0 || !scopes.every((one) => scopeToken.test(one)))
    throw new OAuthError('invalid_scope', 'The scope is not well-formed.')
  return scopes
}
