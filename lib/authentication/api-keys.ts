import { timingSafeEqual } from 'node:crypto'
import { validateHeaderName } from 'node:http'
import type { ApiRequest, Identity, Logger } from '../context.js'
import { ApiError, MalformedRequest, Unauthenticated, Unavailable } from '../errors.js'
import type { Mistake } from '../errors.js'
import type { Exchange } from '../exchange.js'
import { isPromiseLike } from '../promise.js'
import { hashOf, isPrefix, keyIdIn } from './api-key.js'
import type { ApiKeyRecord } from './api-key.js'
import { requireRecord, usePrecision } from './api-key-store.js'
import type { ApiKeyStore } from './api-key-store.js'
import { challengesOf } from './challenges.js'
import { isName } from './claims.js'
import { credentialsIn, isAuthorizedTwice } from './credentials.js'
import { TokenRefused } from './verifier.js'
import type { Authentication, CallerIdentification, WayServices } from './ways.js'

/** Which API keys are taken. */
export interface ApiKeysOptions {
  /** Knows the keys: `new StoredApiKeys(state)`, `apiKeysOf(records)`, or a table of your own. */
  readonly store: ApiKeyStore
  /** What the keys begin with. @default 'pk' */
  readonly prefix?: string
  /** The header that they come in, besides `Authorization: Bearer`. @default 'X-API-Key' */
  readonly header?: string
  /** The issuer of the callers: an owner is never taken for the subject of a token. @default 'api-key' */
  readonly issuer?: string
  /** Stands in the `WWW-Authenticate` of refusals. @default 'api' */
  readonly realm?: string
}

/** Where keys stand. */
interface Places {
  readonly prefix: string
  /** In lower case. */
  readonly header: string
}

/**
 * Callers bear API keys, as `createApiKey` and `portcullis api-key` make them: in the header `X-API-Key`, or behind
 * `Authorization: Bearer`. A caller is the key's owner, and `apiKeyId` (and `tokenId`) is the key's id. Never throws: mistakes in the options are
 * collected, and `createApi` does not start with them.
 */
export function apiKeys(options: ApiKeysOptions): Authentication {
  const { store, prefix = 'pk', header = 'X-API-Key', issuer = 'api-key', realm = 'api' } = options
  const { missing, invalidToken } = challengesOf({ realm })
  return Object.freeze({
    name: 'api-key',
    mistakes: Object.freeze(mistakesIn(options)),
    schemes: [
      { name: 'apiKey', scheme: { type: 'apiKey', in: 'header', name: header, description: 'An API key.' } },
      { name: 'apiKeyBearer', scheme: { type: 'http', scheme: 'bearer', bearerFormat: `${prefix}_…`, description: 'An API key.' } },
    ],
    open({ logger }: WayServices): CallerIdentification {
      const places = { prefix, header: isUsableHeader(header) ? header.toLowerCase() : usualHeader }
      const noteUse = usesOf(store, logger)
      return {
        // Keys have no scheme of their own: whoever sends none is told of the other ways.
        challenge: undefined,
        refusal: invalidToken,
        isAmbient: false,
        bears: ({ request }) => request.headers[places.header] !== undefined || bearerKey(request, places) !== undefined,
        recognises: ({ request }) => bearerKey(request, places) !== undefined,
        identify(exchange) {
          const key = keyOf(exchange, places, missing)
          const id = keyIdIn(key, prefix)
          // Mistyped or guessed: the store is not asked.
          if (id === undefined) throw new TokenRefused('malformed')
          const accept = (found: ApiKeyRecord | undefined) => {
            const record = requireKey(key, id, found, exchange.receivedAt)
            noteUse(record, exchange.receivedAt)
            return identityOf(record, issuer)
          }
          const found = findIn(store, id)
          return isPromiseLike(found) ? Promise.resolve(found).then(accept) : accept(found)
        },
      }
    },
  })
}

/** The key that a request bears, in the one place where it may stand. */
function keyOf({ request }: Exchange, places: Places, challenge: readonly string[]): string {
  const inHeader = request.headers[places.header]
  const inBearer = bearerKey(request, places)
  const isTwice = typeof inHeader === 'object' || isSentTwice(request, places.header) || isAuthorizedTwice(request)
  if (isTwice || (inHeader !== undefined && inBearer !== undefined)) {
    throw new MalformedRequest('Send one API key, in one header.', { headers: challenge, reason: 'two-api-keys' })
  }
  const key = inHeader ?? inBearer
  if (key === undefined) throw new Unauthenticated('This needs an API key.', { headers: challenge, reason: 'no-api-key' })
  return key
}

/** What stands behind `Bearer` where it is a key of ours, right or wrong. */
function bearerKey({ headers }: ApiRequest, { prefix }: Places): string | undefined {
  const found = credentialsIn(headers.authorization, 'bearer')
  return found?.startsWith(`${prefix}_`) === true ? found : undefined
}

/** Node joins the values of a header that comes twice, and a proxy may have checked one of them. */
function isSentTwice({ rawHeaders }: ApiRequest, header: string): boolean {
  let found = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === header.length && name.toLowerCase() === header) found += 1
  }
  return found > 1
}

function findIn(store: ApiKeyStore, id: string): PromiseLike<ApiKeyRecord | undefined> | ApiKeyRecord | undefined {
  try {
    const found = store.find(id)
    return isPromiseLike(found) ? found.then(undefined, throwUnavailable) : found
  } catch (thrown) {
    return throwUnavailable(thrown)
  }
}

function throwUnavailable(thrown: unknown): never {
  throw thrown instanceof ApiError ? thrown : new Unavailable(undefined, { reason: 'api-keys-unavailable', cause: thrown })
}

/** A hash that no key has: an unknown id costs what a wrong key costs. */
const nobodys = '-'.repeat(43)

/** The record, if it is that of this very key, and the key has not expired. */
function requireKey(key: string, id: string, found: ApiKeyRecord | undefined, now: number): ApiKeyRecord {
  // Drivers of databases say null.
  const record = found ?? undefined
  if (record !== undefined) requireRecord(record)
  const isRight = timingSafeEqual(Buffer.from(hashOf(key)), Buffer.from(record?.hash ?? nobodys))
  if (record === undefined || !isRight || record.id !== id) throw new TokenRefused('unknown-key')
  if (record.expiresAt !== undefined && now >= record.expiresAt) throw new TokenRefused('expired')
  return record
}

function identityOf({ id, owner, kind, scopes, createdAt, expiresAt, name }: ApiKeyRecord, issuer: string): Identity {
  return Object.freeze<Identity>({
    ...{ id: owner, kind, issuer, roles: none, tokenId: id, apiKeyId: id, issuedAt: createdAt },
    scopes: Object.freeze([...scopes]),
    // Where it is for good, its revocation is for good too.
    expiresAt: expiresAt ?? Number.POSITIVE_INFINITY,
    claims: Object.freeze({ __proto__: null, ...(name === undefined ? {} : { name }) }),
  })
}

const usualHeader = 'x-api-key'

const none: readonly string[] = Object.freeze([])

/** So many keys are remembered as noted; beyond them all are noted anew. */
const mostNoted = 10_000

/** Tells the store of uses, about once a minute for each key, and never holds a request up. */
function usesOf(store: ApiKeyStore, logger: Logger): (record: ApiKeyRecord, now: number) => void {
  const noted = new Map<string, number>()
  const isRecent = (at: number | undefined, now: number) => at !== undefined && Math.abs(now - at) < usePrecision
  return function noteUse(record, now) {
    if (isRecent(record.lastUsedAt, now) || isRecent(noted.get(record.id), now)) return
    if (noted.size >= mostNoted) noted.clear()
    noted.set(record.id, now)
    const warn = (error: unknown) => void logger.warn('the use of an API key could not be noted', { keyId: record.id, error })
    try {
      const pending = store.used(record.id, now)
      if (isPromiseLike(pending)) pending.then(undefined, warn)
    } catch (error) {
      warn(error)
    }
  }
}

function mistakesIn({ store, prefix = 'pk', header = 'X-API-Key', issuer = 'api-key' }: ApiKeysOptions): Mistake[] {
  const mistakes: Mistake[] = []
  const complain = (name: string, problem: string, mend: string) => void mistakes.push({ place: `apiKeys.${name}`, problem, mend })
  if (typeof store?.find !== 'function' || typeof store.used !== 'function') {
    complain('store', 'there is no store of keys', 'write store: new StoredApiKeys(state), or apiKeysOf(records)')
  }
  if (!isPrefix(prefix))
    complain('prefix', `${JSON.stringify(prefix)} is no prefix`, "write small letters, digits and _ between them: 'acme_live'")
  if (!isUsableHeader(header)) complain('header', `${JSON.stringify(header)} cannot hold a key`, "write a header of its own: 'X-API-Key'")
  if (!isName(issuer)) complain('issuer', 'issuer is empty', "name it as no issuer of tokens is named: 'api-key'")
  return mistakes
}

/** Headers with another meaning, that proxies and browsers write. */
const taken: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'host',
  'content-type',
  'content-length',
  'dpop',
])

function isUsableHeader(header: string): boolean {
  try {
    validateHeaderName(header)
    return !taken.has(header.toLowerCase())
  } catch {
    return false
  }
}
