import type { InjectionToken } from 'tsyringe'
import { described } from './api-facts.js'
import type { ApiOptions } from './api-options.js'
import { registeredIn, servicesOf } from './api-services.js'
import { auditMistakes } from './audit/audit.js'
import { securityEvents } from './audit/security-events.js'
import type { Authentication } from './authentication/ways.js'
import { principalBuilder } from './authorization/permissions.js'
import { permissionUse } from './authorization/permission-use.js'
import type { PermissionUse } from './authorization/permission-use.js'
import { claimedTenant } from './authorization/tenant.js'
import { bodyMistakes } from './body/body.js'
import { createContainer, serviceOf, servicesIn, tokens } from './container.js'
import type { ApiRequest, Reply } from './context.js'
import { apiDeadline } from './deadline/deadline.js'
import type { Class } from './decorator.js'
import { detectionMistakes } from './detection/detection.js'
import { BootError } from './errors.js'
import type { Mistake } from './errors.js'
import { Exchange } from './exchange.js'
import type { Target } from './exchange.js'
import { callerOf, explainRoute } from './explain.js'
import type { ExplainRequest, Explanation } from './explain.js'
import { ApiInsight, wantsInsight } from './insight.js'
import { inventoryOf } from './inventory.js'
import type { DescribedRoute, InventoryRow } from './inventory.js'
import { isLookedAt } from './looked-at.js'
import { sumOfUses } from './monitor.js'
import type { StoreRole } from './monitor.js'
import { monitorMistakes } from './monitored.js'
import { routeCompiler, settled } from './pipeline.js'
import type { CompiledRoute } from './pipeline.js'
import { overloadMistakes } from './rate-limit/overload.js'
import { limitAdministration } from './rate-limit/administration.js'
import type { LimitAdministration } from './rate-limit/administration.js'
import { addressGroup } from './rate-limit/rate-limit.js'
import { rulesOfRoutes } from './rate-limit/rules.js'
import type { RuleReader } from './rate-limit/rules.js'
import { handlers } from './routing/handlers.js'
import { injectedInto } from './routing/controller.js'
import { Router } from './routing/router.js'
import { declaredRoutes } from './routing/routes.js'
import { run } from './run.js'
import { randomIds } from './random-ids.js'
import { watchStores } from './store-watch.js'
import type { Watchable } from './store-watch.js'
import { clientResolver } from './transport/client.js'
import { cors } from './transport/cors.js'
import { readTarget } from './transport/target.js'
import type { ReadTarget } from './transport/target.js'
import { unmatched } from './unmatched.js'

/** A running API, for adapters to put behind a host. */
export interface Api {
  /** Answers a request to one of the API's routes, later where something has to be waited for; undefined, and nothing done, for any other. */
  readonly handle: (request: ApiRequest) => Reply | PromiseLike<Reply> | undefined
  /** Answers every request: 404, 405 and 400 where `handle` would have left it to the host. */
  readonly answer: (request: ApiRequest) => Reply | PromiseLike<Reply>
  /** One route, for a host that matches paths itself and hands in the path's parameters. Throws where there is no such route. */
  readonly route: (controller: Class, member: string) => (request: ApiRequest, params: Target['params']) => Reply | PromiseLike<Reply>
  /** All routes and what protects each, sorted by path. */
  readonly inventory: () => readonly InventoryRow[]
  /** All routes for whoever describes them, such as `openApiDocument`, in the order of their controllers. */
  readonly routes: () => readonly DescribedRoute[]
  /** Which routes each permission opens, the permissions that open none, and the routes that ask for none. */
  readonly permissions: () => PermissionUse
  /**
   * Says, without making the request, what each protection would decide about it and which declaration says so:
   * `api.explain({ method: 'DELETE', path: '/orders/42', as: { roles: ['customer'] } })`. Nothing is recorded and no limit is charged;
   * the permission source is asked, where `as` does not name permissions.
   */
  readonly explain: (request: ExplainRequest) => Promise<Explanation>
  /** What the limits have counted for somebody, and how to lift them: `api.limits.reset({ address: '203.0.113.7' })`. */
  readonly limits: LimitAdministration
  /** Finishes what is buffered. Call it when the server has closed. */
  readonly close: () => Promise<void>
}

/**
 * Makes an API out of controllers, and proves that it is closed: throws one `BootError` that lists every mistake in
 * decorators and options, each with its place and its mend.
 */
export function createApi(options: ApiOptions): Api {
  const mistakes: Mistake[] = []
  const report = (mistake: Mistake) => void mistakes.push(mistake)
  const container = (options.container ?? createContainer()).createChildContainer()
  const registered = registeredIn(container)
  const insight = wantsInsight(options.controllers, tokens.insight) ? new ApiInsight(options.audit?.redact) : undefined
  const services = servicesOf(options, container, insight)
  container.register(tokens.routes, { useValue: routes })
  const crossOrigin = cors(options.cors, report)
  const handlerOf = handlers(servicesIn(container), report)
  if (options.controllers.length === 0) report({ place: 'controllers', problem: 'the API has no controllers', mend: 'list their classes' })
  for (const mistake of [
    ...waysMistakes([options.authentication ?? []].flat()),
    ...auditMistakes(options.audit ?? {}),
    ...bodyMistakes(options.body ?? {}),
    ...overloadMistakes(options.overload),
    ...detectionMistakes(options.detection ?? {}),
    ...monitorMistakes(options.monitors ?? []),
  ]) {
    report(mistake)
  }

  const { tenantOf = claimedTenant, rateLimit = {} } = options
  const limitsOf = rulesOfRoutes({ ...rateLimit, tenantOf })
  // What the inventory says of limits, their protections say: nothing where they are off.
  const readLimits: RuleReader = (setup) => limitsOf(settled(setup))
  const compile = routeCompiler(
    {
      authentication: options.authentication,
      permissions: options.permissions,
      tenantOf,
      rateLimit,
      limitsOf,
      overload: options.overload,
      https: options.https ?? 'require',
      httpsHost: options.httpsHost,
      headers: options.headers ?? {},
      body: options.body ?? {},
      audit: options.audit ?? {},
      requireReturns: options.requireReturns ?? false,
      timeout: apiDeadline(options.timeout, report),
    },
    services,
    crossOrigin,
    handlerOf.instance,
  )
  /** Asked for by controllers that are made before all routes are. */
  function routes(): readonly DescribedRoute[] {
    return compiled.map(({ route: { document }, setup, facts }) => ({ setup: settled(setup), facts, document }))
  }

  const router = new Router<CompiledRoute>()
  const compiled = declaredRoutes(options.controllers, report).map(({ setup, facts }) => {
    // Whoever reads the rules of a route again must not write into its row again.
    return { route: compile(setup, handlerOf.step(setup)), setup, facts, readOnly: { ...setup, describe: () => undefined } }
  })
  const refusals = unmatched(compile, crossOrigin, (path) => router.allowed(path))
  const clientOf = clientResolver({ trustProxy: options.trustProxy, isTerminated: options.https === 'terminated' }, report)
  const ids = serviceOf(container, tokens.ids, randomIds)
  if (mistakes.length > 0) {
    services.delayMeter?.close()
    throw new BootError(mistakes)
  }
  for (const { route, setup } of compiled) router.add(setup.method, setup.path, route)

  const events = securityEvents(services.auditLog, services.clock, options.audit?.redact, options.audit?.format)
  const { monitored: watched } = services
  const stores = new Map<Watchable, StoreRole>([
    [services.rateLimitStore, 'rate-limit'],
    [services.state, 'state'],
  ])
  const answering = watchStores(stores, { ...services, events })

  insight?.open({
    routes: compiled,
    limitNames: (setup) => readLimits(setup).map(({ name }) => name),
    stores: [...stores].map(([store, role]) => ({ role, name: store.constructor.name, isShared: store.watch !== undefined })),
  })
  const ways = [options.authentication ?? []].flat()
  watched.opened({
    stores: () => answering,
    tokenCache: () => sumOfUses(services.tokenVerifier === undefined ? ways : [services.tokenVerifier]),
    lostRecords: () => services.auditLog.lost ?? 0,
    trustTraceparent: services.trustTraceparent,
  })
  const isStarted = !isLookedAt()
  if (isStarted) events.record('sys_startup', { detail: { routes: compiled.length } })

  function start(route: CompiledRoute, request: ApiRequest, target: Target): Reply | PromiseLike<Reply> {
    const { client, requestId } = clientOf(request)
    const exchange = new Exchange(request, route.info, target, client, requestId ?? ids.next(), services)
    return watched.around === undefined ? run(route, exchange) : watched.around(exchange, async () => run(route, exchange))
  }

  function handle(request: ApiRequest): Reply | PromiseLike<Reply> | undefined {
    const target = readTarget(request.target, request.headers.host)
    if (target.malformed !== undefined) {
      const meant = meantBy(request, target)
      return meant.length > 0 ? start(refusals.malformed, request, untaken(target, meant)) : undefined
    }
    const match = router.find(request.method, target.path)
    if (match !== undefined) return start(match.route, request, { path: target.path, query: target.query, params: match.params })
    if (!crossOrigin.isPreflight(request)) return undefined
    const others = router.at(target.path)
    return others.length > 0 ? start(refusals.preflight, request, untaken(target, others)) : undefined
  }

  /** The routes that a malformed target may mean, read plainly or as it stands: no host must serve them instead. */
  function meantBy(request: ApiRequest, { path }: ReadTarget): readonly CompiledRoute[] {
    const asItStands = request.target.split('?', 1)[0] ?? ''
    return [...router.at(path), ...router.at(asItStands)]
  }

  function answer(request: ApiRequest): Reply | PromiseLike<Reply> {
    return handle(request) ?? refuse(request)
  }

  function refuse(request: ApiRequest): Reply | PromiseLike<Reply> {
    const target = readTarget(request.target, request.headers.host)
    if (target.malformed !== undefined) return start(refusals.malformed, request, untaken(target, meantBy(request, target)))
    const others = router.at(target.path)
    return start(others.length > 0 ? refusals.methodNotAllowed : refusals.notFound, request, untaken(target, others))
  }

  const principalOf = principalBuilder(services.permissionSource)

  async function explain(request: ExplainRequest): Promise<Explanation> {
    const target = readTarget(request.path, request.headers?.['host'])
    const match = target.malformed === undefined ? router.find(request.method, target.path) : undefined
    if (match === undefined) {
      const status = target.malformed !== undefined ? 400 : router.allowed(target.path).length > 0 ? 405 : 404
      return { route: undefined, outcome: 'refused', status, decisions: [] }
    }
    const own = { ...services, principalOf }
    const principal = await callerOf(request.as, own)
    return explainRoute(match.route, { target: { ...target, params: match.params }, asked: request, principal }, own)
  }

  return {
    ...described(() => ({
      options,
      registered,
      service: (name) => container.resolve(tokens[name] as InjectionToken),
      routes: compiled.map(({ readOnly, facts, route }) => {
        const { policy, name, method, path, params } = readOnly
        const limits = rateLimit.off === true ? [] : limitsOf(readOnly)
        return { policy, name, method, path, params, facts, limits, headers: route.defaults }
      }),
      injected: () => injectedInto(options.controllers, servicesIn(container)),
    })),
    handle,
    answer,
    explain,
    permissions: () =>
      permissionUse(
        compiled.map(({ setup }) => setup),
        options.permissions,
      ),
    route: (controller, member) => {
      const own = compiled.filter(({ setup: { policy } }) => policy.controller === controller && policy.member === member)
      if (own.length === 0) throw new TypeError(`${controller.name}.${member} is no route of this API`)
      const byMethod = new Map(own.map(({ setup, route }) => [setup.method as string, route]))
      const others = [...byMethod.values()]
      return (request, params) => {
        const target = readTarget(request.target, request.headers.host)
        if (target.malformed !== undefined) return start(refusals.malformed, request, untaken(target, others))
        const route = byMethod.get(request.method) ?? (request.method === 'HEAD' ? byMethod.get('GET') : undefined)
        if (route !== undefined) return start(route, request, { ...target, params })
        return start(refusals.methodNotAllowed, request, { ...untaken(target, others), allowed: [...byMethod.keys()] })
      }
    },
    inventory: () => inventoryOf(compiled),
    routes,
    limits: limitAdministration({
      routes: compiled.map(({ setup }) => setup),
      rulesOf: readLimits,
      store: services.rateLimitStore,
      groupOf: addressGroup(rateLimit.addressPrefix),
    }),
    close: () => {
      if (isStarted) events.record('sys_shutdown')
      services.delayMeter?.close()
      insight?.tell((watcher) => watcher.closed?.())
      return services.auditLog.close()
    },
  }
}

/** What is wrong with the ways to know callers, each and together. */
function waysMistakes(ways: readonly Authentication[]): readonly Mistake[] {
  const mistakes = ways.flatMap((way) => way.mistakes)
  if (ways.filter(({ name }) => name === 'bearer').length < 2) return mistakes
  const problem = 'bearer stands there twice, and of a token nobody could say which of them it is for'
  return [...mistakes, { place: 'authentication', problem, mend: 'write one: bearer({ issuers: [{ … }, { … }] })' }]
}

/** The target of a request that no route takes. What those of its path would hide of it is hidden all the same. */
function untaken(target: ReadTarget, others: readonly CompiledRoute[]): Target {
  const hiding = others.find(({ info }) => info.hidesPath === true)
  return { ...target, params: {}, ...(hiding === undefined ? {} : { shown: hiding.info.path }) }
}
