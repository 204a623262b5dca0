import type { Logger, Reply } from './context.js'
import type { Mistake } from './errors.js'
import type { Exchange } from './exchange.js'
import type { Monitor, MonitoredApi, MonitoredStoreChange, Stage } from './monitor.js'
import { isPromiseLike } from './promise.js'
import type { Step } from './protection.js'

type Recorder = (exchange: Exchange, status: number) => void
type Found = Parameters<NonNullable<Monitor['detected']>>[0]

/** Who is told of one request, and of which of its phases. */
export interface Watch {
  readonly monitors: readonly Monitor[]
  stage: Stage | undefined
  /** When it began, in milliseconds of `performance.now()`. */
  since: number
}

/** Where monitors are told; decided at start-up, so that an API without any runs as if there were no such thing. */
export interface Monitored {
  opened(api: MonitoredApi): void
  storeChanged(change: MonitoredStoreChange): void
  detected(found: Found): void
  /** The steps of a phase, behind one that tells of its beginning. */
  steps(stage: Stage, steps: readonly Step[]): readonly Step[]
  /** The one place where a request is settled. */
  recorder(record: Recorder): Recorder
  /** What a request runs in. */
  readonly around: ((exchange: Exchange, work: () => Promise<Reply>) => Promise<Reply>) | undefined
}

const unmonitored: Monitored = Object.freeze({
  opened: () => undefined,
  storeChanged: () => undefined,
  detected: () => undefined,
  steps: (_: Stage, steps: readonly Step[]) => steps,
  recorder: (record: Recorder) => record,
  around: undefined,
})

/** Tells monitors of an API. None of them can fail a request; what one of them throws is logged the first time. */
export function monitored(monitors: readonly Monitor[], logger: Pick<Logger, 'error'>): Monitored {
  // What is none is told together with all other mistakes of the options.
  if (!monitors.every(isMonitor) || monitors.length === 0) return unmonitored
  const failed = new WeakSet<Monitor>()
  const isTimed = monitors.some((monitor) => monitor.phaseEnded !== undefined)

  function tell(listeners: readonly Monitor[], say: (monitor: Monitor) => unknown): void {
    for (const monitor of listeners) {
      try {
        const said = say(monitor)
        // A rejection that nobody hears would end the process.
        if (isPromiseLike(said)) said.then(undefined, (error: unknown) => fail(monitor, error))
      } catch (error) {
        fail(monitor, error)
      }
    }
  }

  function fail(monitor: Monitor, error: unknown): void {
    if (!failed.has(monitor)) logger.error('a monitor failed; its further failures are not logged', { error })
    failed.add(monitor)
  }

  function isListening(monitor: Monitor): boolean {
    try {
      return monitor.isListening?.() !== false
    } catch (error) {
      fail(monitor, error)
      return false
    }
  }

  function endStage(exchange: Exchange, { monitors, stage, since }: Watch, now: number): void {
    if (stage !== undefined) tell(monitors, (monitor) => monitor.phaseEnded?.(exchange, stage, now - since))
  }

  function settle(exchange: Exchange, { monitors }: Watch, status: number): void {
    const { refusal } = exchange
    const milliseconds = performance.now() - exchange.startedAt
    const settlement = { status, refusal, event: refusal?.event ?? exchange.event, milliseconds }
    tell(monitors, (monitor) => monitor.requestSettled?.(exchange, settlement))
  }

  /** Whatever a monitor does around it, the work is done once, and its outcome is what counts. */
  function within(monitor: Monitor, exchange: Exchange, work: () => Promise<Reply>): Promise<Reply> {
    if (monitor.around === undefined) return work()
    let reply: Promise<Reply> | undefined
    tell([monitor], () => void monitor.around?.(exchange, () => (reply ??= work())))
    return reply ?? work()
  }

  return {
    opened: (api) => tell(monitors, (monitor) => monitor.opened?.(api)),
    storeChanged: (change) => tell(monitors, (monitor) => monitor.storeChanged?.(change)),
    detected: (found) => tell(monitors, (monitor) => monitor.detected?.(found)),
    steps(stage, steps) {
      if (!isTimed || steps.length === 0) return steps
      return [
        function beginStage(exchange: Exchange): void {
          const { watch } = exchange
          if (watch === undefined) return
          const now = performance.now()
          endStage(exchange, watch, now)
          watch.stage = stage
          watch.since = now
        },
        ...steps,
      ]
    },
    recorder: (record) =>
      function recordAndTell(exchange, status) {
        const { watch } = exchange
        if (watch !== undefined) endStage(exchange, watch, performance.now())
        try {
          record(exchange, status)
        } finally {
          if (watch !== undefined) settle(exchange, watch, status)
        }
      },
    around(exchange, work) {
      const listeners = monitors.filter(isListening)
      if (listeners.length === 0) return work()
      exchange.watch = { monitors: listeners, stage: undefined, since: 0 }
      tell(listeners, (monitor) => monitor.requestBegan?.(exchange))
      return listeners.reduceRight((inner, monitor) => () => within(monitor, exchange, inner), work)()
    },
  }
}

const methods: ReadonlyArray<keyof Monitor> = [
  ...(['opened', 'isListening', 'requestBegan', 'around'] as const),
  ...(['phaseEnded', 'requestSettled', 'storeChanged', 'detected'] as const),
]

/** What is wrong with a list of monitors: one without any of the methods would be silent for good. */
export function monitorMistakes(monitors: readonly Monitor[]): readonly Mistake[] {
  return monitors.flatMap((monitor, index) => {
    const mend = 'hand in a monitor, such as openTelemetry() or prometheus().monitor'
    return isMonitor(monitor) ? [] : [{ place: `monitors[${index}]`, problem: 'this has none of the methods of a monitor', mend }]
  })
}

function isMonitor(monitor: unknown): boolean {
  return typeof monitor === 'object' && monitor !== null && methods.some((name) => typeof Reflect.get(monitor, name) === 'function')
}
