import { createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { ApiOptions } from '../../lib/index.js'
import { adapters } from './hosts.js'
import type { Adapter } from './hosts.js'

export const usage = `usage: npm start -- [--adapter ${adapters.join('|')}] [--port 3000] [--no-limits]

  --adapter                the host: Express 5, Koa 3, plain node:http, Fastify 5, or Fetch on Node (default: express)
  --port                   0 takes a free one (default: 3000)
  --no-limits              turns rate limits off, for load tests

  DATABASE_URL             file:orders.db or postgres://… (default: in memory)
  REDIS_URL                keeps limits, revoked tokens and OAuth state in Redis (default: in memory)
  REDIS_DEADLINE           milliseconds that a call to Redis may take (default: 50)
  PORTCULLIS_URL           where clients find it: the issuer of OAuth tokens; with https, plain HTTP is refused (default: where it listens)
  PORTCULLIS_KEY           signs tokens: 32 bytes or more (default: random at each start)
  PORTCULLIS_SIGNING_KEY   signs OAuth tokens: a private EC key on P-256, as PEM (default: random at each start)
  PORTCULLIS_TRUST_PROXY   whose X-Forwarded-* is believed: a number of hops, or CIDRs joined by commas (default: nobody's)
  PORTCULLIS_AUDIT_FILE    where records go (default: standard output)
  PORTCULLIS_AUDIT_KEY_FILE  makes that file tamper-evident: a file of 32 random bytes or more (default: no chain)`

/** What the command line and the environment ask for. */
export interface Settings {
  readonly adapter: Adapter
  readonly port: number
  readonly limits: boolean
  readonly databaseUrl: string | undefined
  readonly redisUrl: string | undefined
  readonly redisDeadline: number | undefined
  readonly url: string | undefined
  readonly key: string | undefined
  readonly signingKey: KeyObject | undefined
  readonly trustProxy: NonNullable<ApiOptions['trustProxy']>
  readonly auditFile: string | undefined
  readonly auditKey: Buffer | undefined
}

/** Something in the command line or the environment that is not understood. */
export class UsageError extends Error {}

/** Reads the settings; throws a `UsageError` rather than guess. */
export function readSettings(commandLine: readonly string[], environment: Readonly<Record<string, string | undefined>>): Settings {
  const { adapter, port, 'no-limits': noLimits } = readOptions(commandLine)
  const named = (name: string) => (environment[name] === '' ? undefined : environment[name])
  return {
    adapter: readAdapter(adapter),
    port: readPort(port),
    limits: !noLimits,
    databaseUrl: readDatabaseUrl(named('DATABASE_URL')),
    redisUrl: readRedisUrl(named('REDIS_URL')),
    redisDeadline: readRedisDeadline(named('REDIS_DEADLINE')),
    url: readUrl(named('PORTCULLIS_URL')),
    key: readKey(named('PORTCULLIS_KEY')),
    signingKey: readSigningKey(named('PORTCULLIS_SIGNING_KEY')),
    trustProxy: readTrustProxy(named('PORTCULLIS_TRUST_PROXY')),
    auditFile: named('PORTCULLIS_AUDIT_FILE'),
    auditKey: readAuditKey(named('PORTCULLIS_AUDIT_KEY_FILE'), named('PORTCULLIS_AUDIT_FILE')),
  }
}

function readOptions(commandLine: readonly string[]) {
  const options = {
    adapter: { type: 'string', default: 'express' },
    port: { type: 'string', default: '3000' },
    'no-limits': { type: 'boolean', default: false },
  } as const
  try {
    return parseArgs({ args: [...commandLine], options, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function readAdapter(name: string): Adapter {
  const adapter = adapters.find((one) => one === name)
  if (adapter === undefined) throw new UsageError(`--adapter is ${JSON.stringify(name)}: write ${adapters.join(', ')}`)
  return adapter
}

function readPort(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new UsageError(`--port is ${JSON.stringify(text)}: write a number from 0 to 65535`)
  return port
}

function readDatabaseUrl(url: string | undefined): string | undefined {
  if (url === undefined || /^(?::memory:$|file:.|postgres(?:ql)?:\/\/)/.test(url)) return url
  throw new UsageError('DATABASE_URL is neither file:… nor postgres://…')
}

function readRedisUrl(url: string | undefined): string | undefined {
  if (url === undefined || /^rediss?:\/\//.test(url)) return url
  throw new UsageError('REDIS_URL is neither redis://… nor rediss://…')
}

function readRedisDeadline(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const deadline = Number(text)
  if (/^\d{1,5}$/.test(text) && deadline >= 1 && deadline <= 60_000) return deadline
  throw new UsageError('REDIS_DEADLINE is no time: write milliseconds from 1 to 60000')
}

function readKey(secret: string | undefined): string | undefined {
  if (secret === undefined || Buffer.byteLength(secret) >= 32) return secret
  throw new UsageError('PORTCULLIS_KEY has fewer than 32 bytes: make one with openssl rand -base64 32')
}

function readUrl(text: string | undefined): string | undefined {
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined
  if (text === undefined || url?.origin === text) return text
  throw new UsageError('PORTCULLIS_URL is no origin: write such as https://orders.example')
}

function readSigningKey(pem: string | undefined): KeyObject | undefined {
  if (pem === undefined) return undefined
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key
  } catch {
    // Said below.
  }
  throw new UsageError('PORTCULLIS_SIGNING_KEY is no EC key on P-256: make one with openssl ecparam -name prime256v1 -genkey -noout')
}

function readAuditKey(path: string | undefined, auditFile: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined
  if (auditFile === undefined) throw new UsageError('PORTCULLIS_AUDIT_KEY_FILE is of no use without PORTCULLIS_AUDIT_FILE')
  const key = readFileOrRefuse(path)
  if (key.length >= 32) return key
  throw new UsageError('PORTCULLIS_AUDIT_KEY_FILE has fewer than 32 bytes: make one with openssl rand -out audit.key 32')
}

function readFileOrRefuse(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new UsageError(`PORTCULLIS_AUDIT_KEY_FILE: ${(error as Error).message}`)
  }
}

function readTrustProxy(text: string | undefined): Settings['trustProxy'] {
  if (text === undefined) return false
  return /^\d+$/.test(text) ? Number(text) : text.split(',').map((one) => one.trim())
}
