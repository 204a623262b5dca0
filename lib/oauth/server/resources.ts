import { OAuthError } from './oauth-error.js'

/** The APIs that tokens are for, by their identifier (`aud`), and their scopes with what each lets a client do, for people to read. */
export type Resources = Readonly<Record<string, Readonly<Record<string, string>>>>

/** What was asked for, as far as it may be had. */
export interface Access {
  readonly scopes: readonly string[]
  /** The resources that tokens may be for; none where the scopes say which. */
  readonly resources: readonly string[]
}

/** Knows which scope belongs to which resource. */
export class ResourceCatalogue {
  readonly #scopes: ReadonlyMap<string, ReadonlyMap<string, string>>

  constructor(resources: Resources) {
    this.#scopes = new Map(Object.entries(resources).map(([resource, scopes]) => [resource, new Map(Object.entries(scopes))]))
  }

  get names(): readonly string[] {
    return [...this.#scopes.keys()]
  }

  /** Every scope of every resource. */
  get scopes(): ReadonlySet<string> {
    return new Set([...this.#scopes.values()].flatMap((scopes) => [...scopes.keys()]))
  }

  /** What a scope lets a client do. */
  describe(scope: string): string {
    for (const scopes of this.#scopes.values()) {
      const description = scopes.get(scope)
      if (description !== undefined) return description
    }
    return scope
  }

  /** Refuses resources that there are not (RFC 8707 §2), and scopes that are not the client's or of none of the resources. */
  grant(asked: readonly string[] | undefined, resources: readonly string[], allowed: readonly string[]): Access {
    for (const resource of resources) if (!this.#scopes.has(resource)) throw unknownTarget()
    const wanted = asked ?? allowed.filter((scope) => this.#isIn(scope, resources))
    for (const scope of wanted) {
      if (!allowed.includes(scope) || !this.#isIn(scope, resources))
        throw new OAuthError('invalid_scope', 'The client may not have this scope.')
    }
    if (wanted.length === 0) throw new OAuthError('invalid_scope', 'No scope is left to give.')
    return { scopes: wanted, resources }
  }

  /**
   * The one resource that a token is for, and the scopes that it has there: a token that several would take could be used by one
   * of them against another (RFC 9068 §3).
   */
  target({ scopes, resources }: Access, asked: readonly string[]): { readonly audience: string; readonly scopes: readonly string[] } {
    if (asked.length > 1) throw new OAuthError('invalid_target', 'Ask for a token for one resource.')
    const [named] = asked
    if (named !== undefined && resources.length > 0 && !resources.includes(named)) throw unknownTarget()
    const candidates = named === undefined ? (resources.length > 0 ? resources : this.names) : [named]
    const fitting = candidates.filter((resource) => scopes.every((scope) => this.#isIn(scope, [resource])))
    const audience = named ?? (fitting.length === 1 ? fitting[0] : undefined)
    if (audience === undefined) throw new OAuthError('invalid_target', 'Name the resource that the token is for.')
    const own = scopes.filter((scope) => this.#isIn(scope, [audience]))
    if (!this.#scopes.has(audience) || own.length === 0) throw unknownTarget()
    return { audience, scopes: own }
  }

  #isIn(scope: string, resources: readonly string[]): boolean {
    return (resources.length === 0 ? this.names : resources).some((resource) => this.#scopes.get(resource)?.has(scope) === true)
  }
}

function unknownTarget(): OAuthError {
  return new OAuthError('invalid_target', 'There is no such resource for this client.')
}
