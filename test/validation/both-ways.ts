import { ApiError } from '../../lib/errors.js'
import type { Class } from '../../lib/decorator.js'
import { Issues } from '../../lib/validation/issues.js'
import { instanceMaker } from '../../lib/validation/part.js'
import { classPlan } from '../../lib/validation/plan.js'
import type { ClassPlan, PropertyPlan } from '../../lib/validation/plan.js'
import { quickReader } from '../../lib/validation/quick-read.js'
import type { QuickReader } from '../../lib/validation/quick-read.js'
import type { CopyOptions, Source } from '../../lib/validation/source.js'
import { unsure } from '../../lib/validation/stop.js'

/** What became of a body: what was made of it, what is wrong with it, or the error that was thrown. */
interface Outcome {
  readonly made?: unknown
  readonly issues?: Issues['list']
  readonly refused?: string
}

/** Reads bodies twice: as ever, and with every rule asked about everything. */
export function bothWays(
  Dto: Class,
  groups: readonly string[] = [],
  options: CopyOptions = { unknown: 'refuse', maxItems: 10_000 },
): (body: unknown) => Promise<readonly [Outcome, Outcome]> {
  const report = (problem: string) => {
    throw new Error(problem)
  }
  const plan = classPlan(Dto, { groups, fromTexts: false, report })
  const asEver = instanceMaker(plan, options)
  const thoroughly = instanceMaker(plan, options, sureOfNothing(quickReader(plan, options)))
  const sent = (body: unknown) => JSON.parse(JSON.stringify(body)) as Source
  return async (body) => [await outcomeOf(asEver, sent(body)), await outcomeOf(thoroughly, sent(body))]
}

function sureOfNothing(reader: QuickReader): QuickReader {
  return { ...reader, object: () => unsure, value: () => unsure, later: new Everything() }
}

class Everything extends Map<ClassPlan, readonly PropertyPlan[]> {
  override get({ properties }: ClassPlan) {
    return properties
  }
}

async function outcomeOf(read: ReturnType<typeof instanceMaker>, source: Source): Promise<Outcome> {
  const issues = new Issues('body')
  try {
    const made = await read(source, issues)
    return issues.list.length === 0 ? { made } : { issues: issues.list }
  } catch (thrown) {
    if (thrown instanceof ApiError) return { refused: thrown.reason }
    throw thrown
  }
}
