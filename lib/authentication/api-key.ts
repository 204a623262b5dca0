import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Clock } from '../context.js'
import { isName } from './claims.js'

/** What an API keeps of an API key. The key itself cannot be told from it. */
export interface ApiKeyRecord {
  /** The part of the key that names it. No secret: it may stand in logs and in addresses. */
  readonly id: string
  /** SHA-256 of the whole key, in base64url. */
  readonly hash: string
  /** Whom the key speaks for: becomes the caller's `id`. */
  readonly owner: string
  /** A client may what `scopes` say; a user's key lends no more than `scopes` of what the user may. */
  readonly kind: 'client' | 'user'
  /** At least one. */
  readonly scopes: readonly string[]
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** From this millisecond since 1970 on the key is worth nothing. @default never */
  readonly expiresAt?: number | undefined
  /** What people call it. */
  readonly name?: string | undefined
  /** About when it was last used, in milliseconds since 1970. @default never */
  readonly lastUsedAt?: number | undefined
}

/** What a new API key shall be. */
export interface ApiKeyOptions {
  /** What the key begins with, so that people and secret scanners see whose it is: `pk`, `acme_live`. @default 'pk' */
  readonly prefix?: string
  /** Whom the key speaks for. */
  readonly owner: string
  /** What the key is for: at least one scope. */
  readonly scopes: readonly string[]
  /** Milliseconds since 1970. @default never */
  readonly expiresAt?: number | undefined
  /** What people call it. */
  readonly name?: string | undefined
  /** @default 'client' */
  readonly kind?: 'client' | 'user'
  /** @default the system's */
  readonly clock?: Clock
}

/** A new key, to be shown once, and what is kept of it. */
export interface CreatedApiKey {
  /** `pk_<id>_<secret and checksum>`. */
  readonly key: string
  readonly record: ApiKeyRecord
}

const idBytes = 11
const idLength = 15
const secretBytes = 32
const secretLength = 43
const checksumLength = 6
const prefixForm = /^(?=.{1,32}$)[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/
const idForm = /^[A-Za-z0-9]{15}$/
const hashForm = /^[A-Za-z0-9_-]{43}$/
const scopeForm = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Makes an API key: a prefix, an id, 256 random bits and a checksum, all of characters that a double click selects together.
 * Store the record and show the key once. Throws a `TypeError` that lists what is wrong with the options.
 */
export function createApiKey(options: ApiKeyOptions): CreatedApiKey {
  const { prefix = 'pk', owner, scopes, expiresAt, name, kind = 'client', clock = { now: () => Date.now() } } = options
  const id = toBase62(randomBytes(idBytes), idLength)
  const body = `${prefix}_${id}_${toBase62(randomBytes(secretBytes), secretLength)}`
  const key = body + checksumOf(body)
  const createdAt = clock.now()
  const record = { id, hash: hashOf(key), owner, kind, scopes, createdAt, expiresAt, name, lastUsedAt: undefined }
  const problems = problemsWith(record)
  if (!isPrefix(prefix)) problems.push(`${JSON.stringify(prefix)} is no prefix: write small letters, digits and _ between them`)
  if (expiresAt !== undefined && expiresAt <= createdAt) problems.push(`expiresAt ${expiresAt} has passed: give a time to come`)
  if (problems.length > 0) throw new TypeError(problems.join('\n'))
  return Object.freeze({ key, record: Object.freeze({ ...record, scopes: Object.freeze([...scopes]) }) })
}

/** Whether API keys can begin with this. */
export function isPrefix(prefix: unknown): prefix is string {
  return typeof prefix === 'string' && prefixForm.test(prefix)
}

/** The id in an API key; undefined where the form or the checksum is wrong: mistyped, cut off, or none of ours. */
export function keyIdIn(key: string, prefix: string): string | undefined {
  const start = prefix.length + 1
  if (key.length !== start + idLength + 1 + secretLength + checksumLength) return undefined
  if (!key.startsWith(`${prefix}_`) || !/^[A-Za-z0-9]{15}_[A-Za-z0-9]{49}$/.test(key.slice(start))) return undefined
  return key.endsWith(checksumOf(key.slice(0, -checksumLength))) ? key.slice(start, start + idLength) : undefined
}

/** What is kept in the place of a key. It has 256 random bits, so nobody can guess it, and a quick hash is enough. */
export function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url')
}

/** What is wrong with a record, in sentences; none where it can be relied on. */
export function problemsWith(record: ApiKeyRecord): string[] {
  const { id, hash, owner, kind, scopes, createdAt, expiresAt, name, lastUsedAt } = record
  const problems: string[] = []
  const require = (isRight: boolean, problem: string) => void (isRight || problems.push(problem))
  require(typeof id === 'string' && idForm.test(id), 'id is no id of an API key: take the one of the record')
  require(typeof hash === 'string' && hashForm.test(hash), 'hash is no SHA-256 in base64url: take the one of the record, never the key')
  require(isName(owner), 'owner is missing: name whom the key speaks for')
  require(kind === 'client' || kind === 'user', "kind is neither 'client' nor 'user'")
  // None at all would read as no restriction where a user's permissions are lent.
  require(areScopes(scopes), "scopes are missing or no scopes: write such as ['orders:read']")
  require(isTime(createdAt), 'createdAt is no number of milliseconds')
  require(expiresAt === undefined || isTime(expiresAt), 'expiresAt is no number of milliseconds: leave it out for never')
  require(name === undefined || typeof name === 'string', 'name is no text')
  require(lastUsedAt === undefined || isTime(lastUsedAt), 'lastUsedAt is no number of milliseconds')
  return problems
}

function areScopes(scopes: unknown): boolean {
  return Array.isArray(scopes) && scopes.length > 0 && scopes.every((one) => typeof one === 'string' && scopeForm.test(one))
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function checksumOf(text: string): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(text))
  return toBase62(bytes, checksumLength)
}

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

function toBase62(bytes: Buffer, length: number): string {
  let rest = BigInt(`0x${bytes.toString('hex')}`)
  let text = ''
  for (; rest > 0n; rest /= 62n) text = digits.charAt(Number(rest % 62n)) + text
  return text.padStart(length, '0')
}
