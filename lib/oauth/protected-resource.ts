import { reply } from '../answer.js'
import type { Answer } from '../answer.js'
import { Public } from '../authorization/requirements.js'
import type { Class } from '../decorator.js'
import { descriptionKind } from '../operation.js'
import { Controller, Get } from '../routing/routing.js'

/** What an API says of itself to clients that look for its authorization server. */
export interface ProtectedResourceOptions {
  /** What the API is called: the `aud` of its tokens, and the address at which clients know it. */
  readonly resource: string
  /** The issuers whose tokens it takes. */
  readonly authorizationServers: readonly string[]
  /** The scopes that its routes ask for. */
  readonly scopes?: readonly string[]
  /** The algorithms of DPoP proofs, where tokens that are bound to a key are taken. */
  readonly proofAlgorithms?: readonly string[]
  /** Whether tokens must be bound to a key. @default false */
  readonly requiresBoundTokens?: boolean
  /** A name for people. */
  readonly name?: string
  /** Where developers can read about it. */
  readonly documentation?: string
}

/**
 * The metadata of an API (RFC 9728), as a controller to mount. Give `bearer` the address of the document too
 * (`resourceMetadata: metadataUrl(resource)`), so that a 401 says where it is. Throws a `TypeError` where `resource` is no URL.
 */
export function protectedResource(options: ProtectedResourceOptions): Class {
  const path = metadataPath(options.resource)
  const document = Object.freeze({
    resource: options.resource,
    authorization_servers: options.authorizationServers,
    scopes_supported: options.scopes,
    bearer_methods_supported: ['header'],
    resource_name: options.name,
    resource_documentation: options.documentation,
    dpop_signing_alg_values_supported: options.proofAlgorithms,
    dpop_bound_access_tokens_required: options.requiresBoundTokens,
  })

  @Controller('/')
  @Public()
  @ForDiscovery()
  class ProtectedResource {
    @Get(path)
    metadata(): Answer {
      return reply(200, document, { 'Cache-Control': 'public, max-age=300' })
    }
  }
  return ProtectedResource
}

/** What leads clients to the API is no part of it. */
const ForDiscovery = () => descriptionKind.declare({ hidden: true })

/** Where the metadata of a resource stand (RFC 9728 §3.1). Throws a `TypeError` where it is no URL. */
export function metadataUrl(resource: string): string {
  return new URL(resource).origin + metadataPath(resource)
}

/** Between host and path, without the slash that a path may end with. */
function metadataPath(resource: string): string {
  if (!URL.canParse(resource) || /[?#]/.test(resource))
    throw new TypeError(`${JSON.stringify(resource)} is no resource: write its URL, without a query`)
  return `/.well-known/oauth-protected-resource${new URL(resource).pathname.replace(/\/$/, '')}`
}
