import { Unavailable } from '../errors.js'

/** What is kept under a key. */
export type KeptRecord = RunningRecord | DoneRecord

/** Somebody runs the request. */
export interface RunningRecord {
  readonly state: 'running'
  /** Tells this run from every other. */
  readonly owner: string
  /** The fingerprint of the request. */
  readonly request: string
}

/** The request has run. */
export interface DoneRecord {
  readonly state: 'done'
  readonly request: string
  /** What the caller was permitted when the answer was made. */
  readonly permissions: readonly string[]
  /** Undefined where it could not be kept. */
  readonly answer?: KeptAnswer | undefined
}

export interface KeptAnswer {
  readonly status: number
  /** Names and values in turn. */
  readonly headers: readonly string[]
  /** In base64; undefined where there is no body. */
  readonly body?: string | undefined
}

/** Reads what a store gave back. Throws `Unavailable` where something else was written there than we write. */
export function recordOf(text: string): KeptRecord {
  try {
    const record: unknown = JSON.parse(text)
    if (isRecord(record)) return record
    throw new TypeError('this is no record of an idempotency key')
  } catch (cause) {
    throw new Unavailable(undefined, { reason: 'idempotency-record', cause })
  }
}

function isRecord(value: unknown): value is KeptRecord {
  if (typeof value !== 'object' || value === null || !('state' in value) || !('request' in value)) return false
  return value.state === 'running' || (value.state === 'done' && 'permissions' in value && Array.isArray(value.permissions))
}
