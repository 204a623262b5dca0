import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { Answer } from '../answer.js'
import type { Clock, Reply } from '../context.js'
import type { RouteDecorator } from '../decorator.js'
import {
  HandlerTimeout,
  IdempotencyAnswerNotKept,
  IdempotencyKeyInUse,
  IdempotencyKeyMissing,
  IdempotencyKeyReused,
  PermissionDenied,
} from '../errors.js'
import type { ApiError } from '../errors.js'
import type { Exchange } from '../exchange.js'
import { indexOf, lacking } from '../header-block.js'
import { kind } from '../policy.js'
import type { Policy } from '../policy.js'
import type { Protection, RouteSetup } from '../protection.js'
import type { StateStore } from '../state/state-store.js'
import { Claims } from './claim.js'
import type { Claim } from './claim.js'
import { keyOf } from './key.js'
import { settingsOf } from './options.js'
import type { IdempotentOptions, Settings } from './options.js'
import type { DoneRecord, KeptAnswer } from './record.js'

export type { IdempotentOptions } from './options.js'

const idempotentKind = kind<IdempotentOptions>('Idempotent')

/**
 * Runs a request once, however often it is sent with one `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07): the same caller
 * who sends the same request again gets the first answer again, with `Idempotency-Replayed: true`. Another request under the key is 422,
 * one while the first runs 409. Nearest wins; on a class it is for the routes that are no GET, HEAD or OPTIONS.
 */
export function Idempotent(options: IdempotentOptions = {}): RouteDecorator {
  return idempotentKind.declare(options)
}

/** What idempotency needs of the rest of the API. */
export interface IdempotencyServices {
  readonly state: StateStore
  readonly clock: Clock
  readonly isPublic: (policy: Policy) => boolean
  /** The tenant that a caller acts for: of two, each has keys of its own. */
  readonly tenantOf: (principal: Exchange['principal']) => string | undefined
  /** Who counts as one where nobody says who calls. */
  readonly groupOf: (address: string) => string
}

/** Methods that may be repeated as it is, and of which an old answer would be a wrong one. */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Finds what was asked before, and answers as it was answered. */
export function idempotency(services: IdempotencyServices): Protection {
  const claims = new Claims(services.state, services.clock)
  return {
    name: 'idempotency',
    phase: 'repeat',
    compile(route) {
      const options = route.policy.nearest(idempotentKind)
      if (options === undefined) return undefined
      if (safeMethods.has(route.method)) {
        reportSafeMethod(route)
        return undefined
      }
      const settings = settingsOf(options, route)
      if (services.isPublic(route.policy) && !settings.trustsAddresses) {
        route.mistake(
          'it is @Public() and @Idempotent(): callers who share an address could get each other’s answers',
          'have callers say who they are, or write @Idempotent({ dangerouslyTrustAddresses: true })',
        )
      }
      const { required, keepFor, whileRunning } = settings
      route.describe('idempotency', { required, keepFor, whileRunning })
      const nameOf = namer(route, services)

      return function runOnce(exchange) {
        const field = exchange.request.headers['idempotency-key']
        if (field === undefined) {
          if (required) throw new IdempotencyKeyMissing()
          return undefined
        }
        const request = fingerprintOf(exchange)
        return enter(exchange, { claims, settings, request, name: nameOf(exchange, keyOf(field), request) })
      }
    },
  }
}

function reportSafeMethod({ policy, method, mistake }: RouteSetup): void {
  if (policy.all(idempotentKind).every(({ level }) => level === 'class')) return
  mistake(`@Idempotent() stands on a ${method}, which may be repeated as it is`, 'take it away')
}

/** One request under one key. */
interface Entry {
  readonly claims: Claims
  readonly settings: Settings
  readonly name: string
  /** The fingerprint of the request. */
  readonly request: string
}

async function enter(exchange: Exchange, entry: Entry): Promise<void> {
  const found = await claimOrDone(exchange, entry)
  if ('state' in found) replay(exchange, found)
  // Out of time before the handler began: it will not begin.
  else if (exchange.ended) await found.release()
  else settleAtTheEnd(exchange, entry, found)
}

const firstPause = 20
const longestPause = 500
const mostMisses = 3

/** The claim on the key, or what was done under it before. Waits for who runs now, where the route says so. */
async function claimOrDone(exchange: Exchange, { claims, settings, name, request }: Entry): Promise<Claim | DoneRecord> {
  const patienceEnds = performance.now() + settings.waitFor
  const options = { request, lease: settings.lease, onFailure: failed, onLoss: lost }
  let pause = firstPause
  let misses = 0
  for (;;) {
    const claim = await claims.claim(name, options)
    if (claim !== undefined) return claim
    const record = await claims.kept(name)
    if (record !== undefined && record.request !== request) throw new IdempotencyKeyReused()
    if (record?.state === 'done') return record
    // It ended between the two calls; a store that goes on saying so, as a replica that lags does, is not asked without an end.
    if (record === undefined && (misses += 1) <= mostMisses) continue
    const left = patienceEnds - performance.now()
    if (left <= 0 || exchange.request.gone) throw new IdempotencyKeyInUse()
    if (exchange.ended) throw new HandlerTimeout()
    await claims.pause(name, Math.min(pause, left))
    pause = Math.min(pause * 2, longestPause)
  }

  function failed(thrown: unknown): void {
    exchange.log.error('what became of an idempotency key could not be stored', { error: thrown })
  }

  function lost(): void {
    exchange.log.error('the lease of an idempotency key ran out while its request was running: another may run it')
    exchange.abort(new Error('the lease of the idempotency key ran out'))
  }
}

function replay(exchange: Exchange, { answer, permissions }: DoneRecord): void {
  const { principal } = exchange
  // The answer may show what only these permissions let one see.
  if (!permissions.every((name) => principal.permissions.has(name))) {
    throw new PermissionDenied(undefined, { reason: 'idempotency-permissions' })
  }
  if (answer === undefined) throw new IdempotencyAnswerNotKept()
  const body = answer.body === undefined ? undefined : Buffer.from(answer.body, 'base64')
  exchange.answerHeaders.push('Idempotency-Replayed', 'true')
  exchange.decisions.push('idempotency: replayed')
  exchange.replaceResult(new Answer(answer.status, body, answer.headers))
}

/** Keeps the answer when there is one: also where the time was up before, since the handler ends all the same. */
function settleAtTheEnd(exchange: Exchange, { settings, request }: Entry, claim: Claim): void {
  const before = exchange.namedHeaders.length
  exchange.onEnd(() => claim.abandon())
  exchange.onAnswer((reply, error) => {
    const isRefusal = saysNothingWasDone(reply)
    // What refuses an answer that the handler has given does not undo what the handler has done.
    const isHandlers = error === undefined || exchange.result === undefined
    if (!exchange.hasBegun || (isRefusal && isHandlers)) return claim.release()
    const permissions = [...exchange.principal.permissions]
    const answer = isRefusal ? undefined : keptAnswerOf(exchange, { reply, error, before, most: settings.maxAnswer })
    return claim.keep({ state: 'done', request, permissions, answer }, settings.keepFor)
  })
}

const refusals: ReadonlySet<number> = new Set([401, 403, 408, 425, 429])

/** Of other failures nobody knows how much was done; a 503 that says when to come again was meant to be tried again. */
function saysNothingWasDone({ status, headers }: Reply): boolean {
  return refusals.has(status) || (status === 503 && valueOf(headers, 'retry-after') !== undefined)
}

interface Made {
  readonly reply: Reply
  readonly error: ApiError | undefined
  /** How many entries of the headers that were set had been there before the handler began. */
  readonly before: number
  readonly most: number
}

function keptAnswerOf(exchange: Exchange, { reply, error, before, most }: Made): KeptAnswer | undefined {
  const { status, body } = reply
  if (body instanceof Readable) {
    exchange.log.error(`${exchange.route.name} is @Idempotent() and answers with a stream, which cannot be kept`)
    return undefined
  }
  const bytes = body === undefined ? undefined : Buffer.from(body as Uint8Array)
  const headers = storable([...exchange.namedHeaders.slice(before), ...(error?.headers ?? ownHeadersOf(exchange))])
  // That of the answer: a handler that failed may have named another, for what it meant to give.
  const type = valueOf(reply.headers, 'content-type')
  const kept = type === undefined || body === undefined ? headers : [...headers, 'Content-Type', type]
  if ((bytes?.byteLength ?? 0) + kept.join('').length > most) {
    exchange.log.warn(`an answer of ${exchange.route.name} is too large to be kept for its idempotency key`, { most })
    return undefined
  }
  return { status, headers: kept, body: bytes?.toString('base64') }
}

function ownHeadersOf({ result }: Exchange): readonly string[] {
  return result instanceof Answer ? result.headers : []
}

/** What belongs to one connection or one message, and what would log somebody in once more. */
const unkept: ReadonlySet<string> = new Set([
  'set-cookie',
  'content-length',
  'content-type',
  'connection',
  'transfer-encoding',
  'keep-alive',
  'date',
])

function storable(headers: readonly string[]): readonly string[] {
  return lacking(headers, unkept)
}

function valueOf(headers: readonly string[], lowerCaseName: string): string | undefined {
  const at = indexOf(headers, lowerCaseName)
  return at < 0 ? undefined : headers[at + 1]
}

/** What must be the same for a request to be the same: all that the handler sees of it, save headers. */
function fingerprintOf({ request, target, rawBody }: Exchange): string {
  return digestOf([request.method, request.mountPath ?? '', target.path, target.query, rawBody === undefined ? [] : [rawBody]])
}

/** Makes the names of keys: no caller chooses a part of one that can pass for another's. */
function namer(
  { name, method, path }: RouteSetup,
  { tenantOf, groupOf }: IdempotencyServices,
): (exchange: Exchange, key: string, request: string) => string {
  const route = [name, method, path]

  function callerOf({ principal, client }: Exchange, request: string): readonly unknown[] {
    const { kind: who, issuer, id, apiKeyId } = principal
    // With the request in its name, nobody behind the same address learns from a 422 that a key exists.
    if (who === 'anonymous') return [who, groupOf(client.address), request]
    return [who, issuer ?? null, id, apiKeyId ?? null, tenantOf(principal) ?? null]
  }

  return (exchange, key, request) => `idempotency:${digestOf([route, callerOf(exchange, request), key])}`
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url')
}
