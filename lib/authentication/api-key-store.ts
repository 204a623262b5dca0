import type { Awaitable, StateStore } from '../state/state-store.js'
import { problemsWith } from './api-key.js'
import type { ApiKeyRecord } from './api-key.js'

/** Knows API keys by their ids. Asked on every request: what is removed is refused from the next one on. */
export interface ApiKeyStore {
  /** The record of a key, or undefined. What it throws ends the request with 503. */
  find(id: string): Awaitable<ApiKeyRecord | undefined>
  /**
   * Notes that a key was used, at `at` milliseconds since 1970. Called about once a minute for each key; nobody waits for it, and
   * a failure goes to the log.
   */
  used(id: string, at: number): Awaitable<void>
}

/** For so many milliseconds one note of a key's use is enough. */
export const usePrecision = 60_000

/** So long is a record kept when its key has expired, for the log to tell an expired key from an unknown one. */
const keptExpired = 30 * 86_400_000

/**
 * API keys in a state store: in memory for one process, in Redis or SQL for several. Where the store fails, requests with API
 * keys end with 503.
 */
export class StoredApiKeys implements ApiKeyStore {
  constructor(private readonly state: StateStore) {}

  /** Keeps a new key. Throws a `TypeError` for a record that is none, or whose id is taken. */
  async add(record: ApiKeyRecord): Promise<void> {
    requireRecord(record)
    const isNew = await this.state.add(placeOf(record.id), JSON.stringify(record), endOf(record))
    if (!isNew) throw new TypeError(`an API key has the id ${JSON.stringify(record.id)}: make a new key`)
  }

  async find(id: string): Promise<ApiKeyRecord | undefined> {
    const text = await this.state.get(placeOf(id))
    return text === undefined ? undefined : read(text)
  }

  /** Takes a key away, for good; answers whether there was one. */
  async remove(id: string): Promise<boolean> {
    return (await this.state.take(placeOf(id))) !== undefined
  }

  async used(id: string, at: number): Promise<void> {
    const text = await this.state.get(placeOf(id))
    if (text === undefined) return
    const record = read(text)
    if (at - (record.lastUsedAt ?? -Infinity) < usePrecision) return
    // Replaces what was read and nothing else: a key that was removed meanwhile does not come back.
    await this.state.replace(placeOf(id), text, JSON.stringify({ ...record, lastUsedAt: at }), endOf(record))
  }
}

/** API keys out of a list, such as the configuration. Throws a `TypeError` that says which record is none, or comes twice. */
export function apiKeysOf(records: readonly ApiKeyRecord[]): ApiKeyStore {
  const known = new Map<string, ApiKeyRecord>()
  for (const record of records) {
    requireRecord(record)
    if (known.has(record.id)) throw new TypeError(`two API keys have the id ${JSON.stringify(record.id)}: leave one out`)
    known.set(record.id, Object.freeze({ ...record, scopes: Object.freeze([...record.scopes]) }))
  }
  return Object.freeze({
    find: (id: string) => known.get(id),
    used(id: string, at: number) {
      const record = known.get(id)
      if (record !== undefined) known.set(id, Object.freeze({ ...record, lastUsedAt: at }))
    },
  })
}

/** Throws a `TypeError` where a record cannot be relied on. */
export function requireRecord(record: ApiKeyRecord): void {
  const problems = problemsWith(record)
  if (problems.length > 0) throw new TypeError(`the API key ${JSON.stringify(record.id)} cannot be used: ${problems.join('; ')}`)
}

function read(text: string): ApiKeyRecord {
  return JSON.parse(text) as ApiKeyRecord
}

function placeOf(id: string): string {
  return `api-key:${id}`
}

function endOf({ expiresAt }: ApiKeyRecord): number {
  return expiresAt === undefined ? Number.POSITIVE_INFINITY : expiresAt + keptExpired
}
