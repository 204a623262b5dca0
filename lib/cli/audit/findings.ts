import type { Api } from '../../api.js'
import { descriptionOf } from '../../api-facts.js'
import type { Mistake } from '../../errors.js'
import type { Noticed } from './finding.js'
import { dtoProperties, inputFindings } from './input.js'
import { optionFindings } from './options.js'
import { dtoPatterns, patternFindings } from './patterns.js'
import { routeFindings } from './routes.js'
import { schemaFindings, schemaParts, schemaPatterns } from './schemas.js'

/** What an API that starts leaves open. */
export async function apiFindings(api: Api): Promise<readonly Noticed[]> {
  const description = descriptionOf(api)
  const properties = dtoProperties(description)
  const parts = schemaParts(description)
  return [
    ...routeFindings(description),
    ...inputFindings(properties),
    ...schemaFindings(parts),
    ...optionFindings(description),
    ...(await patternFindings([...dtoPatterns(properties), ...schemaPatterns(parts)], description)),
  ]
}

/** The mistakes of an API that does not start; undefined where `thrown` is about something else. */
export function bootFindings(thrown: unknown): readonly Noticed[] | undefined {
  const cause = thrown instanceof Error && thrown.name === 'CommandError' ? thrown.cause : thrown
  // The API may be made by another installed copy of the package, which has a class of its own.
  if (!(cause instanceof Error) || cause.name !== 'BootError' || !('mistakes' in cause)) return undefined
  return (cause.mistakes as readonly Mistake[]).map((mistake) => ({ rule: 'boot-mistake', ...mistake }))
}
