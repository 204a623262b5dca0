import type { DeclarationKind } from './decorator.js'
import type { Declared, Policy } from './policy.js'
import type { Phase, Protection, RouteSetup, Step } from './protection.js'

/** What one protection made of a route, and which declarations it read for it. */
export interface Trace {
  readonly phase: Phase
  readonly protection: string
  /** Undefined where it has nothing to check. */
  readonly step: Step | undefined
  readonly decidesBy: Protection['decidesBy']
  /** What it says of itself in the inventory. */
  readonly facts: Readonly<Record<string, unknown>>
  /** `@RequirePermission on OrdersController.create` */
  readonly declared: readonly string[]
}

/** Compiles protections, and writes down what each of them reads of the route's declarations and says of itself. */
export class Tracer {
  readonly traces: Trace[] = []
  readonly #route: RouteSetup
  /** By name: several protections of one name, such as the limits of each phase, read their declarations once. */
  readonly #read = new Map<string, { facts: Record<string, unknown>; declared: Set<string> }>()
  #facts: Record<string, unknown> = {}
  #declared = new Set<string>()

  constructor(route: RouteSetup) {
    this.#route = {
      ...route,
      policy: this.#watched(route.policy),
      describe: (name, value) => {
        this.#facts[name] = value
        route.describe(name, value)
      },
    }
  }

  /** The route as protections are to see it. */
  get route(): RouteSetup {
    return this.#route
  }

  compile(protection: Protection): Step | undefined {
    const { phase, name, decidesBy } = protection
    const { facts, declared } = this.#read.get(name) ?? { facts: {}, declared: new Set<string>() }
    this.#read.set(name, { facts, declared })
    this.#facts = facts
    this.#declared = declared
    const step = protection.compile(this.#route)
    this.traces.push({ phase, protection: name, step, decidesBy, facts: this.#facts, declared: [...this.#declared] })
    return step
  }

  #watched(policy: Policy): Policy {
    const note = (kind: DeclarationKind, said: ReadonlyArray<Declared<unknown>>) => {
      for (const { place } of said) this.#declared.add(`@${kind.name} on ${place}`)
    }
    return {
      ...policy,
      all: (kind) => {
        const said = policy.all(kind)
        note(kind, said)
        return said
      },
      nearest: (kind) => {
        note(kind, policy.all(kind).slice(-1))
        return policy.nearest(kind)
      },
    }
  }
}
