import type { MonitoredRequest } from '../monitor.js'

/** The methods that have a meaning to everybody. */
const knownMethods: ReadonlySet<string> = new Set('CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT QUERY TRACE'.split(' '))

/** A method of the known ones, or `_OTHER`: clients can think of as many others as they like. */
export function methodLabel(method: string): string {
  return knownMethods.has(method) ? method : '_OTHER'
}

/** The template of the route; undefined where none was found. Never the path: each would be a number to keep. */
export function routeLabel({ route }: MonitoredRequest): string | undefined {
  return route.path === '' ? undefined : route.path
}

/** How many different texts one label takes. */
const mostTexts = 200

/** Makes a label of texts that the application chooses: once there are many, new ones are `_OTHER`. */
export function boundedLabel(most = mostTexts): (text: string) => string {
  const known = new Set<string>()
  return function labelOf(text) {
    if (known.has(text)) return text
    if (known.size >= most) return '_OTHER'
    known.add(text)
    return text
  }
}

/** The seconds that parts of the semantic conventions' request durations begin at. */
export const requestSeconds: readonly number[] = Object.freeze([
  ...[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75],
  ...[1, 2.5, 5, 7.5, 10],
])

/** Phases are shorter than requests: most take microseconds. */
export const phaseSeconds: readonly number[] = Object.freeze([0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5])
