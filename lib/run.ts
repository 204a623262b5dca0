import { RouteReply, letGo, problemReply, successReply, toApiError } from './answer.js'
import type { Reply } from './context.js'
import { ApiError, HandlerTimeout, RequestTimeout, ValidationFailed } from './errors.js'
import { LateReply } from './late-reply.js'
import type { AnswerListener, Exchange, RefusalListener } from './exchange.js'
import type { CompiledRoute } from './pipeline.js'
import { isPromiseLike } from './promise.js'
import type { Finding } from './protection.js'

/**
 * Takes one request through its route. Gives one reply, whatever happens, and records it once; a late one only where something had to be
 * waited for.
 */
export function run(route: CompiledRoute, exchange: Exchange): Reply | LateReply {
  const outcome = attempt(route, exchange)
  if (outcome instanceof Interruption || isPromiseLike(outcome) || route.critical !== undefined) {
    const passage = new Passage(route, exchange)
    passage.follow(outcome)
    return passage
  }
  // Nothing had to be waited for, so nothing can be late.
  exchange.finish(outcome.status)
  end(route, exchange, outcome.status)
  return outcome
}

/** How far a request has come: to its reply, to one that is being made, or to a step that has to be waited for. */
type Outcome = Reply | Promise<Reply> | Interruption

/** A step that has to be waited for, and the one behind it. */
class Interruption {
  constructor(
    readonly found: Promise<Finding>,
    readonly next: number,
  ) {}
}

function attempt(route: CompiledRoute, exchange: Exchange): Outcome {
  try {
    return pass(route, exchange, 0)
  } catch (thrown) {
    return Promise.reject(thrown)
  }
}

/** Takes the steps from one on, until one has to be waited for. */
function pass(route: CompiledRoute, exchange: Exchange, first: number): Outcome {
  const { steps } = route
  try {
    for (let at = first; at < steps.length && !exchange.isAnswered; at += 1) {
      const found = steps[at]?.(exchange)
      if (found === undefined) continue
      // A promise of another library may throw where it is asked, or answer twice, which would call the handler twice.
      return isPromiseLike(found) ? new Interruption(Promise.resolve(found), at + 1) : refuse(route, exchange, refusalIn(found))
    }
    return answer(route, exchange)
  } catch (thrown) {
    return refuse(route, exchange, thrown)
  }
}

/** A request that has to wait, and is answered in time: where that takes longer than the route may, in the place of whatever it waits for. */
class Passage extends LateReply {
  readonly #timer: NodeJS.Timeout
  #next = 0

  constructor(
    private readonly route: CompiledRoute,
    private readonly exchange: Exchange,
  ) {
    super()
    this.#timer = setTimeout(expire, route.timeout, this)
  }

  follow(outcome: Outcome): void {
    if (outcome instanceof Interruption) {
      this.#next = outcome.next
      outcome.found.then(
        (found) => this.#goOn(found),
        (thrown: unknown) => this.#refuse(thrown),
      )
    } else if (isPromiseLike(outcome)) {
      outcome.then(
        (reply) => this.#settle(reply),
        (thrown: unknown) => this.#fail(thrown),
      )
    } else this.#settle(outcome)
  }

  #goOn(found: Finding): void {
    const { route, exchange } = this
    try {
      // A refusal counts when it comes late too: whoever is told of it may charge for it.
      if (found !== undefined) this.follow(refuse(route, exchange, refusalIn(found)))
      else if (isTooLate(exchange)) this.follow(refuse(route, exchange, new HandlerTimeout()))
      else this.follow(pass(route, exchange, this.#next))
    } catch (failure) {
      this.#fail(failure)
    }
  }

  #refuse(thrown: unknown): void {
    try {
      this.follow(refuse(this.route, this.exchange, thrown))
    } catch (failure) {
      this.#fail(failure)
    }
  }

  #settle(reply: Reply): void {
    const { exchange } = this
    clearTimeout(this.#timer)
    exchange.finish(reply.status)
    const concluded = exchange.ended ? undefined : this.route.critical?.conclude(exchange, reply.status)
    if (concluded === undefined) {
      this.#decide(reply)
      return
    }
    // The answer is about to be decided: nothing else may answer.
    exchange.ended = true
    concluded.then(
      () => this.#tell(reply),
      (thrown: unknown) => {
        const error = (exchange.refusal = toApiError(thrown))
        logCause(exchange, error)
        this.#tell(problemReply(exchange, this.route.defaults, error))
      },
    )
  }

  #fail(thrown: unknown): void {
    const { exchange, route } = this
    clearTimeout(this.#timer)
    exchange.finish(500)
    exchange.log.error('a reply could not be made', { error: thrown })
    const own = ['X-Request-Id', exchange.requestId, 'Content-Length', '0']
    this.#decide(new RouteReply(500, route.defaults.plain, own, undefined))
  }

  expire(): void {
    const { exchange, route } = this
    const error = exchange.reading ? new RequestTimeout() : new HandlerTimeout()
    exchange.abort(error)
    exchange.refusal = error
    this.#decide(problemReply(exchange, route.defaults, error))
  }

  #tell(reply: Reply): void {
    this.route.critical?.tell(this.exchange, reply.status)
    this.make(reply)
  }

  #decide(reply: Reply): void {
    if (this.exchange.ended) {
      // Nobody reads what comes too late.
      letGo(this.exchange.result)
      return
    }
    end(this.route, this.exchange, reply.status)
    this.make(reply)
  }
}

function expire(passage: Passage): void {
  passage.expire()
}

/** The answer is decided: it is recorded, and nothing else may answer. */
function end(route: CompiledRoute, exchange: Exchange, status: number): void {
  exchange.ended = true
  try {
    route.record(exchange, status)
  } catch (thrown) {
    exchange.log.error('a record could not be made', { error: thrown })
  }
}

/** Whoever gives back anything else has meant something by it, perhaps a no: nobody gets through on it. */
function refusalIn(found: unknown): unknown {
  if (found instanceof ApiError) return found
  return new TypeError(`a protection gave a value of type ${typeof found}: give an ApiError to refuse, or nothing`)
}

/** Out of time: what was going to happen must not happen behind the client's back, unless somebody else waits for what it gives. */
function isTooLate(exchange: Exchange): boolean {
  return exchange.ended && exchange.answerListeners === undefined
}

function answer(route: CompiledRoute, exchange: Exchange): Reply | Promise<Reply> {
  const reply = successReply(exchange, route.defaults)
  return exchange.answerListeners === undefined ? reply : announced(exchange.answerListeners, reply)
}

function refuse(route: CompiledRoute, exchange: Exchange, thrown: unknown): Reply | Promise<Reply> {
  const error = toApiError(thrown)
  letGo(exchange.result)
  logCause(exchange, error)
  return exchange.refusalListeners.length === 0 ? answerRefusal(route, exchange, error) : refuseLater(route, exchange, error)
}

async function refuseLater(route: CompiledRoute, exchange: Exchange, first: ApiError): Promise<Reply> {
  let error = first
  for (const listener of exchange.refusalListeners) error = (await told(exchange, listener, error)) ?? error
  return answerRefusal(route, exchange, error)
}

function answerRefusal(route: CompiledRoute, exchange: Exchange, error: ApiError): Reply | Promise<Reply> {
  if (!exchange.ended) exchange.refusal = error
  const reply = problemReply(exchange, route.defaults, error)
  return exchange.answerListeners === undefined ? reply : announced(exchange.answerListeners, reply, error)
}

async function announced(listeners: readonly AnswerListener[], reply: Reply, error?: ApiError): Promise<Reply> {
  for (const listener of listeners) await listener(reply, error)
  return reply
}

/** What failed on our side: a handler, a store, or a validator whose throw is a no to the client. */
function logCause(exchange: Exchange, error: ApiError): void {
  if (error.cause === undefined) return
  // `exchange.log` makes a logger when it is first asked for: not for each token that somebody forged.
  if (error.status >= 500) exchange.log.error(error.message, { error: error.cause })
  else if (error instanceof ValidationFailed) exchange.log.warn('a validator threw', { error: error.cause })
}

async function told(exchange: Exchange, listener: RefusalListener, error: ApiError): Promise<ApiError | undefined> {
  try {
    return (await listener(error)) ?? undefined
  } catch (thrown) {
    exchange.log.error('what follows a refusal failed', { error: thrown })
    return undefined
  }
}
