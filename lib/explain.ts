import { PassThrough } from 'node:stream'
import { toApiError } from './answer.js'
import { anonymous } from './context.js'
import type { ApiRequest, Identity, Principal, RouteInfo } from './context.js'
import { Exchange } from './exchange.js'
import type { Runtime, Target } from './exchange.js'
import type { CompiledRoute } from './pipeline.js'
import type { Phase } from './protection.js'
import { statedIdentity, statedPrincipal } from './stated-caller.js'
import type { StatedCaller } from './stated-caller.js'
import type { Trace } from './trace.js'

/** A request that nobody has made. */
export interface ExplainRequest {
  readonly method: string
  /** As a client would write it: `/api/v1/orders/42?expand=items`. */
  readonly path: string
  /** Who asks; what is left out is as of a user without anything. @default nobody: a request without credentials */
  readonly as?: ExplainCaller
  /** Headers that decide, such as the one that `@Tenant` reads; names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A caller as the verified token would name it. `permissions` replaces what the permission source would say. */
export type ExplainCaller = StatedCaller

/** What would become of a request, as far as that is known without making it. */
export interface Explanation {
  /** `OrdersController.create`; undefined where no route takes the request. */
  readonly route: string | undefined
  /** `depends` where nothing refuses it that the caller and the path decide about, and input, limits or objects still may. */
  readonly outcome: 'allowed' | 'refused' | 'depends'
  /** The status of a refusal. */
  readonly status: number | undefined
  /** What is decided, in the order in which it would be; what stands behind a refusal is not reached. */
  readonly decisions: readonly ExplainedDecision[]
}

/** What one protection would decide, and who said so. */
export interface ExplainedDecision {
  readonly phase: Phase
  /** `access`, `rate-limit` … */
  readonly protection: string
  readonly decision: 'allows' | 'refuses' | 'depends'
  /** `missing-permission orders:write`; what the protection would look at, where it depends. For logs and terminals, not for clients. */
  readonly because: string
  /** `@RequirePermission on OrdersController.create`; empty where the options of `createApi` say so. */
  readonly declared: readonly string[]
}

/** What explaining needs of the API. */
export interface ExplainServices extends Runtime {
  readonly principalOf: (identity: Identity) => Principal | Promise<Principal>
}

const noReasonKnown = 'nothing in the request can be known to refuse it'

/** Who would call. */
export async function callerOf(as: ExplainCaller | undefined, { principalOf }: ExplainServices): Promise<Principal> {
  if (as === undefined) return anonymous
  return statedPrincipal(as, statedIdentity(as), principalOf)
}

/** Goes through the protections of a route as a request would, and asks those that need no more than caller and path. */
export async function explainRoute(
  route: CompiledRoute,
  { target, asked, principal }: { readonly target: Target; readonly asked: ExplainRequest; readonly principal: Principal },
  services: ExplainServices,
): Promise<Explanation> {
  const exchange = exchangeFor(route.info, target, asked, services)
  const decisions: ExplainedDecision[] = []
  for (const trace of route.traces) {
    if (trace.step === undefined && !isStatement(trace, route.traces)) continue
    // A public route never learns who calls.
    if (trace.decidesBy === 'credentials' && trace.step !== undefined) exchange.principal = principal
    const { status, ...decision } = await decisionOf(trace, exchange)
    decisions.push(decision)
    if (decision.decision === 'refuses') return { route: route.info.name, outcome: 'refused', status, decisions }
  }
  const isOpen = decisions.every(({ decision }) => decision === 'allows')
  return { route: route.info.name, outcome: isOpen ? 'allowed' : 'depends', status: undefined, decisions }
}

/** Whether a protection without a step says something all the same: that a route is public. */
function isStatement({ protection, facts }: Trace, traces: readonly Trace[]): boolean {
  return Object.keys(facts).length > 0 && !traces.some((other) => other.protection === protection && other.step !== undefined)
}

type Decided = ExplainedDecision & { readonly status: number | undefined }

async function decisionOf({ phase, protection, step, decidesBy, facts, declared }: Trace, exchange: Exchange): Promise<Decided> {
  const said = { phase, protection, declared, status: undefined }
  const about = textOf(facts)
  if (step === undefined) return { ...said, decision: 'allows', because: about }
  if (decidesBy === undefined) return { ...said, decision: 'depends', because: about === '' ? noReasonKnown : about }
  if (decidesBy === 'credentials') {
    if (exchange.principal.kind !== 'anonymous') return { ...said, decision: 'allows', because: about }
    return { ...said, decision: 'refuses', because: 'no-credentials', status: 401 }
  }
  try {
    const refusal = await step(exchange)
    return refusal === undefined ? { ...said, decision: 'allows', because: about } : { ...said, ...refusedBy(refusal) }
  } catch (thrown) {
    return { ...said, ...refusedBy(thrown) }
  }
}

function refusedBy(refusal: unknown): Pick<Decided, 'decision' | 'because' | 'status'> {
  const { reason, code, status } = toApiError(refusal)
  return { decision: 'refuses', because: reason ?? code, status }
}

function textOf(facts: Readonly<Record<string, unknown>>): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('; ')
}

function exchangeFor(info: RouteInfo, target: Target, { method, path, headers = {} }: ExplainRequest, services: Runtime): Exchange {
  const request: ApiRequest = {
    ...{ method, target: path, headers, rawHeaders: Object.entries(headers).flat() },
    ...{ remoteAddress: undefined, encrypted: true, body: new PassThrough(), gone: false, onGone: () => undefined },
  }
  return new Exchange(request, info, target, { address: '', secure: true }, 'explained', services)
}
