import { problemReply, successReply, toApiError } from './answer.js'
import type { Reply } from './context.js'
import { ApiError, HandlerTimeout, RequestTimeout, ValidationFailed } from './errors.js'
import type { AnswerListener, Exchange, RefusalListener } from './exchange.js'
import type { CompiledRoute } from './pipeline.js'
import { isPromiseLike } from './promise.js'
import type { Finding } from './protection.js'

/** Takes one request through its route. Settles once, with a reply, whatever happens; records it once. */
export function run(route: CompiledRoute, exchange: Exchange): Promise<Reply> {
  const reply = attempt(route, exchange)
  if (isPromiseLike(reply) || route.critical !== undefined) return runInTime(route, exchange, reply)
  // Nothing had to be waited for, so nothing can be late.
  exchange.finish(reply.status)
  end(route, exchange, reply.status)
  return Promise.resolve(reply)
}

function attempt(route: CompiledRoute, exchange: Exchange): Reply | Promise<Reply> {
  try {
    return pass(route, exchange)
  } catch (thrown) {
    return Promise.reject(thrown)
  }
}

/** Answers in the place of whatever takes longer than the route may. */
function runInTime(route: CompiledRoute, exchange: Exchange, pending: Reply | Promise<Reply>): Promise<Reply> {
  return new Promise((resolve) => {
    const timer = setTimeout(expire, route.timeout)
    Promise.resolve(pending).then(settle, fail)

    function expire(): void {
      const error = exchange.reading ? new RequestTimeout() : new HandlerTimeout()
      exchange.abort(error)
      exchange.refusal = error
      decide(problemReply(exchange, route.defaults, error))
    }

    function settle(reply: Reply): void {
      clearTimeout(timer)
      exchange.finish(reply.status)
      const concluded = exchange.ended ? undefined : route.critical?.conclude(exchange, reply.status)
      if (concluded === undefined) return decide(reply)
      // The answer is about to be decided: nothing else may answer.
      exchange.ended = true
      concluded.then(
        () => tell(reply),
        (thrown: unknown) => {
          const error = (exchange.refusal = toApiError(thrown))
          logCause(exchange, error)
          tell(problemReply(exchange, route.defaults, error))
        },
      )
    }

    function tell(reply: Reply): void {
      route.critical?.tell(exchange, reply.status)
      resolve(reply)
    }

    function fail(thrown: unknown): void {
      clearTimeout(timer)
      exchange.finish(500)
      exchange.log.error('a reply could not be made', { error: thrown })
      const headers = [...route.defaults.plain, 'X-Request-Id', exchange.requestId, 'Content-Length', '0']
      decide({ status: 500, headers, body: undefined })
    }

    function decide(reply: Reply): void {
      if (exchange.ended) return
      end(route, exchange, reply.status)
      resolve(reply)
    }
  })
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

/** Takes the steps until one has to be waited for; from there on `passLater` takes them. */
function pass(route: CompiledRoute, exchange: Exchange): Reply | Promise<Reply> {
  try {
    let next = 0
    for (const step of route.steps) {
      next += 1
      const found = step(exchange)
      if (isPromiseLike(found)) return passLater(route, exchange, found, next)
      if (found !== undefined) return refuse(route, exchange, refusalIn(found))
      if (exchange.isAnswered) break
    }
    return answer(route, exchange)
  } catch (thrown) {
    return refuse(route, exchange, thrown)
  }
}

async function passLater(route: CompiledRoute, exchange: Exchange, first: Promise<Finding>, next: number): Promise<Reply> {
  const { steps } = route
  try {
    let found = await first
    requireTime(exchange)
    for (let at = next; found === undefined && at < steps.length && !exchange.isAnswered; at += 1) {
      const given = steps[at]?.(exchange)
      if (isPromiseLike(given)) {
        found = await given
        requireTime(exchange)
      } else found = given
    }
    return found === undefined ? answer(route, exchange) : await refuse(route, exchange, refusalIn(found))
  } catch (thrown) {
    return refuse(route, exchange, thrown)
  }
}

/** Whoever gives back anything else has meant something by it, perhaps a no: nobody gets through on it. */
function refusalIn(found: unknown): unknown {
  if (found instanceof ApiError) return found
  return new TypeError(`a protection gave a value of type ${typeof found}: give an ApiError to refuse, or nothing`)
}

/** Out of time: what was going to happen must not happen behind the client's back, unless somebody else waits for what it gives. */
function requireTime(exchange: Exchange): void {
  if (exchange.ended && exchange.answerListeners === undefined) throw new HandlerTimeout()
}

function answer(route: CompiledRoute, exchange: Exchange): Reply | Promise<Reply> {
  const reply = successReply(exchange, route.defaults)
  return exchange.answerListeners === undefined ? reply : announced(exchange.answerListeners, reply)
}

function refuse(route: CompiledRoute, exchange: Exchange, thrown: unknown): Reply | Promise<Reply> {
  const error = toApiError(thrown)
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
