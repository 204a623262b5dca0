import type { ChainKey, CheckingKey } from './keys.js'

/** Where a chain stands: kept elsewhere, it shows that the log was cut off behind it. */
export interface ChainHead {
  readonly chain: string
  readonly sequence: number
  readonly hash: string
  /** ISO 8601, UTC. */
  readonly timestamp: string
  readonly keyId: string
}

/** A head as one line of JSON, proven by the chain's key. */
export function writeHead(key: ChainKey, { chain, sequence, hash, timestamp }: Omit<ChainHead, 'keyId'>): string {
  const text = `{"chain":"${chain}","seq":${sequence},"hash":"${hash}","timestamp":"${timestamp}","key_id":"${key.id}"`
  return `${text},"proof":"${key.prove(provenPart(text))}"}`
}

/** Reads a head. Throws a `TypeError` where it is none, or not proven by one of the keys. */
export function readHead(text: string, keys: readonly CheckingKey[]): ChainHead {
  const [, covered = '', proof = ''] = /^(\{.*),"proof":"([\w-]+)"\}\s*$/.exec(text) ?? []
  const fields = parsed(`${covered}}`)
  const [chain, sequence, hash, timestamp, keyId] = ['chain', 'seq', 'hash', 'timestamp', 'key_id'].map((name) => fields[name])
  if (typeof chain !== 'string' || typeof sequence !== 'number' || typeof hash !== 'string' || typeof timestamp !== 'string') {
    throw new TypeError('this is no head of an audit chain')
  }
  const key = keys.find(({ id }) => id === keyId)
  if (key === undefined) throw new TypeError(`the head is of the key ${JSON.stringify(keyId)}, which is not given`)
  if (!key.isProof(provenPart(covered), proof)) throw new TypeError('the head was changed: its proof is not of its key')
  return { chain, sequence, hash, timestamp, keyId: key.id }
}

/** Apart from what proves the chain's own records. */
function provenPart(text: string): string {
  return `head ${text}`
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>
  } catch {
    return {}
  }
}
