import type { ApiDescription } from '../../api-facts.js'
import type { Noticed } from './finding.js'
import type { DtoProperty } from './input.js'

/** The part of `recheck` that is asked. */
export interface Checker {
  checkSync(source: string, flags: string, options: { readonly timeout: number }): Diagnosis
}

interface Diagnosis {
  readonly status: 'safe' | 'vulnerable' | 'unknown'
  readonly complexity?: { readonly type: string; readonly summary?: string }
}

/** Milliseconds for one pattern. */
const patience = 10_000

/** Patterns that some texts keep busy: those of what comes in, and those that redact records. */
export async function patternFindings(
  given: readonly Placed[],
  { options }: Pick<ApiDescription, 'options'>,
  load: () => Promise<Checker | undefined> = loadChecker,
): Promise<readonly Noticed[]> {
  const patterns = [...given, ...redactionPatterns(options.audit?.redact?.patterns ?? [])]
  if (patterns.length === 0) return []
  const checker = await load()
  if (checker === undefined) {
    const problem = `recheck is not installed, so nobody knows how long ${patterns.length} patterns can take`
    return [{ rule: 'pattern-unchecked', place: 'package.json', problem, mend: 'npm install --save-dev recheck' }]
  }
  return patterns.flatMap(({ place, pattern }) => judged(place, pattern, checker))
}

/** A pattern, and where it stands. */
export interface Placed {
  readonly place: string
  readonly pattern: RegExp
}

/** The patterns of `@Matches`. */
export function dtoPatterns(properties: readonly DtoProperty[]): readonly Placed[] {
  return properties.flatMap(({ place, property }) =>
    property.rules
      .flatMap((rule) => (rule.code === 'matches' ? [toPattern(rule.constraints())] : []))
      .flatMap((pattern) => (pattern === undefined ? [] : [{ place, pattern }])),
  )
}

function toPattern([pattern, flags]: readonly unknown[]): RegExp | undefined {
  if (pattern instanceof RegExp) return pattern
  return typeof pattern === 'string' ? new RegExp(pattern, flags as string | undefined) : undefined
}

function redactionPatterns(patterns: readonly RegExp[]): readonly Placed[] {
  return patterns.map((pattern, index) => ({ place: `audit.redact.patterns[${index}]`, pattern }))
}

function judged(place: string, pattern: RegExp, checker: Checker): readonly Noticed[] {
  const { status, complexity } = diagnosis(pattern, checker)
  if (status === 'safe') return []
  if (status === 'unknown') {
    const problem = `recheck could not tell how long ${String(pattern)} can take`
    return [{ rule: 'pattern-unchecked', place, problem, mend: 'write a simpler pattern' }]
  }
  const isExponential = complexity?.type === 'exponential'
  const growth = complexity?.summary ?? complexity?.type ?? 'unknown'
  const problem = `some texts keep ${String(pattern)} busy, and everybody waits: its time grows faster than they do (${growth})`
  const mend = 'let no two repetitions match the same text, and limit the length before'
  return [{ rule: 'pattern-slow', severity: isExponential ? 'high' : 'medium', place, problem, mend }]
}

function diagnosis({ source, flags }: RegExp, checker: Checker): Diagnosis {
  try {
    return checker.checkSync(source, flags, { timeout: patience })
  } catch {
    return { status: 'unknown' }
  }
}

/** An optional peer: not every user has it. */
async function loadChecker(): Promise<Checker | undefined> {
  try {
    return await import('recheck')
  } catch {
    return undefined
  }
}
