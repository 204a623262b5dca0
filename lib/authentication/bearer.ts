import type { Mistake } from '../errors.js'
import { JwtVerifier } from './jwt-verifier.js'
import { verificationKeys } from './keys.js'
import type { KeyOptions } from './keys.js'
import { toMediaType } from './token-header.js'
import type { TokenVerifier } from './verifier.js'

/** How callers are known, for `createApi({ authentication })`. */
export interface Authentication {
  readonly verifier: TokenVerifier
  /** Names what is protected, in challenges (RFC 9110 §11.5). */
  readonly realm: string
  /** What is wrong with the options; `createApi` reports it. */
  readonly mistakes: readonly Mistake[]
}

/** Which tokens are taken: those of one issuer, for one audience, signed with one of `keys`. */
export interface BearerOptions {
  /** What `iss` must be, character by character. */
  readonly issuer: string
  /** What `aud` must be or contain: the name of this API. */
  readonly audience: string
  /**
   * What tokens are verified with. To change the signing key: add the new one here, on every process; then sign with it;
   * then remove the old one, when the last token that it signed has expired.
   */
  readonly keys: readonly KeyOptions[]
  /**
   * By how many seconds the issuer's clock may differ: `exp`, `nbf` and `iat` are read so much more kindly. From 0 to 300.
   * Where tokens are issued on other machines, a few seconds are wise. @default 0
   */
  readonly clockTolerance?: number
  /** Stands in the `WWW-Authenticate` of refusals. Characters that cannot stand there are left out. @default 'api' */
  readonly realm?: string
  /** Longer tokens are refused before they are decoded. @default 8192 */
  readonly maxTokenBytes?: number
  /**
   * How many verified tokens are remembered, so that the signature is verified once. Times and revocation are still asked for
   * each request. `false` verifies every time. @default { size: 10,000 }
   */
  readonly cache?: { readonly size?: number } | false
  /** The accepted `typ`, such as `['at+jwt']`; a token without `typ` is then refused. @default 'JWT', 'at+jwt', or none */
  readonly types?: readonly string[]
  /** Whether a token must have a `jti`. One without cannot be revoked. @default true */
  readonly requireTokenId?: boolean
  /** The claims in which tokens hold roles (an array) and scopes (words in a text). @default 'roles', 'scope' */
  readonly claims?: { readonly roles?: string; readonly scope?: string }
}

/**
 * Callers bear JWTs (RFC 6750, RFC 7519) of one issuer: `bearer({ issuer, audience, keys })`. A token needs `iss`, `aud`,
 * `exp`, `sub` and `jti`, an algorithm that is its key's, and a form without ambiguity. Never throws: mistakes in the options
 * are collected, and `createApi` does not start with them.
 */
export function bearer(options: BearerOptions): Authentication {
  const mistakes: Mistake[] = []
  const report = (mistake: Mistake) => void mistakes.push(mistake)
  const keys = verificationKeys(options.keys, 'authentication.keys', report)
  checkOptions(options, (name, problem, mend) => report({ place: `authentication.${name}`, problem, mend }))
  const { cache = {}, types = ['JWT', 'at+jwt'] } = options
  const verifier = new JwtVerifier({
    issuer: options.issuer,
    audience: options.audience,
    tolerance: (options.clockTolerance ?? 0) * 1000,
    requireTokenId: options.requireTokenId ?? true,
    roles: options.claims?.roles ?? 'roles',
    scope: options.claims?.scope ?? 'scope',
    keys: new Map(keys.flatMap((key) => (key.kid === undefined ? [] : [[key.kid, key] as const]))),
    onlyKey: keys.length === 1 ? keys[0] : undefined,
    types: new Set(Array.isArray(types) ? types.filter((type) => typeof type === 'string').map(toMediaType) : []),
    typeRequired: options.types !== undefined,
    maxTokenBytes: options.maxTokenBytes ?? 8192,
    cacheSize: cache === false ? 0 : (cache.size ?? 10_000),
    decoyKey: keys[0],
  })
  return Object.freeze({ verifier, realm: options.realm ?? 'api', mistakes: Object.freeze(mistakes) })
}

function checkOptions(options: BearerOptions, complain: (name: string, problem: string, mend: string) => void): void {
  const { clockTolerance = 0, maxTokenBytes = 8192, cache = {}, types = ['JWT'] } = options
  for (const name of ['issuer', 'audience'] as const) {
    const value: unknown = options[name]
    if (typeof value !== 'string' || value.trim() === '') {
      complain(name, `${name} is empty: tokens meant for others would be taken`, `write the ${name} that your tokens bear`)
    }
  }
  if (!(clockTolerance >= 0 && clockTolerance <= 300)) {
    complain('clockTolerance', `${clockTolerance} seconds are no tolerance`, 'write seconds from 0 to 300, and set the clocks')
  }
  if (!isWhole(maxTokenBytes, 256, 65_536)) {
    complain('maxTokenBytes', `${maxTokenBytes} is no size for a token`, 'write bytes from 256 to 65536')
  }
  if (cache !== false && !isWhole(cache.size ?? 1, 1, 10_000_000)) {
    complain('cache.size', `${cache.size} is no size for a cache`, 'write a number from 1 to 10,000,000, or cache: false')
  }
  if (!Array.isArray(types) || types.length === 0 || types.some((type) => typeof type !== 'string' || type === '')) {
    complain('types', 'types names no type of token', "write such as types: ['at+jwt']")
  }
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most
}
