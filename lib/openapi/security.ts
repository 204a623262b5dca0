import type { CallerScheme, TokenFlows } from '../operation.js'
import type { Components } from './components.js'
import type { Draft, Needed } from './draft.js'

/** Names of schemes, each with what a caller must have. */
type Requirement = Readonly<Record<string, readonly string[]>>

/** How a route's callers make themselves known: one of these is enough; of none, everybody may call. */
export function securityOf({ schemes, needed }: Draft, flows: readonly TokenFlows[], components: Components): readonly Requirement[] {
  const choices = combined(needed.map(({ alternatives }) => alternatives))
  return schemes.flatMap((one) => {
    const { name } = components.share('securitySchemes', one.name, one.scheme)
    // For schemes that are no OAuth 2.0, the list holds the names of what the caller must have (OpenAPI 3.1 §4.8.30).
    const plain = choices.map((names) => ({ [name]: names }))
    const known = flows.filter(({ issuer }) => one.issuers?.includes(issuer))
    return [...plain, ...known.flatMap((server) => flowRequirements(one, server, needed, components))]
  })
}

/** The same tokens, for a client that gets them of a server that is known: bound to a key where the scheme asks for a proof. */
function flowRequirements(
  { name, scheme }: CallerScheme,
  { issuer, flows }: TokenFlows,
  needed: readonly Needed[],
  components: Components,
): readonly Requirement[] {
  const description = `Tokens of ${issuer} (RFC 6749, code with PKCE), verified as RFC8725 asks.`
  const server = components.share('securitySchemes', 'oauth2', { type: 'oauth2', description, flows })
  const scopes = new Set(Object.values(flows).flatMap((flow) => Object.keys(flow.scopes)))
  const asked = needed.filter(({ are }) => are !== 'role').map(({ alternatives }) => alternatives)
  const proof = scheme['scheme'] === 'DPoP' ? { [components.share('securitySchemes', name, scheme).name]: [] } : {}
  // A token lends no more than its scopes: what is no scope, no token of that server opens.
  const obtainable = combined(asked).filter((names) => names.every((one) => scopes.has(one)))
  return obtainable.map((names) => ({ [server.name]: names, ...proof }))
}

/** Every way of choosing one list of each. */
function combined(needed: ReadonlyArray<Needed['alternatives']>): ReadonlyArray<readonly string[]> {
  return needed.reduce<ReadonlyArray<readonly string[]>>(
    (chosen, alternatives) => chosen.flatMap((names) => alternatives.map((more) => [...new Set([...names, ...more])])),
    [[]],
  )
}
