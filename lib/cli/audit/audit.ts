import { readFileSync, writeFileSync } from 'node:fs'
import { relative, resolve, sep } from 'node:path'
import { CommandError, optional, UsageError } from '../command.js'
import type { Command, OptionValues } from '../command.js'
import { moduleArgument, withApi } from '../load-api.js'
import { withBaseline } from './baseline.js'
import { askNpm, dependencyFindings } from './dependencies.js'
import { severities, sorted, toFinding } from './finding.js'
import type { Finding, Noticed, Severity } from './finding.js'
import { apiFindings, bootFindings } from './findings.js'
import { report } from './report.js'
import { toSarif } from './sarif.js'

/** The regular security audit of an API. */
export const audit: Command = {
  name: 'audit',
  summary: 'Look for weak spots of an API that starts all the same, and of its dependencies',
  description: [
    'Makes the API, reads what its routes declare and what it was given, asks npm about its dependencies, and',
    'prints what it finds: how bad it is, where, why (OWASP ASVS 5.0 or API Security Top 10), and the mend.',
    'Ends with 1 where something is found that is as bad as --fail-on says, or worse.',
  ].join('\n'),
  examples: [
    'portcullis audit dist/api.js',
    'portcullis audit src/api.ts --fail-on medium --baseline audit-baseline.json --sarif audit.sarif',
  ],
  arguments: [moduleArgument],
  options: {
    'fail-on': { value: '<severity>', description: 'high, medium or low (default: high)' },
    baseline: { value: '<file>', description: 'What is accepted, each with a reason and a day (docs/security-audit.md)' },
    sarif: { value: '<file>', description: 'Write the findings there too, as SARIF 2.1.0' },
    json: { description: 'As JSON' },
    offline: { description: 'Ask no registry: of dependencies, look at the lock file alone' },
  },
  async run(values, [file = ''], { paint, isTerminal }) {
    const failOn = severityIn(values)
    const noticed = await noticedIn(file, values)
    const baseline = optional(values, 'baseline')
    const all = noticed.map(toFinding)
    const findings = sorted(baseline === undefined ? all : accepted(all, baseline))
    const sarif = optional(values, 'sarif')
    if (sarif !== undefined) write(sarif, findings, file)
    const isBad = (finding: Finding) => finding.accepted === undefined && severities.indexOf(finding.severity) <= severities.indexOf(failOn)
    const exitCode = findings.some(isBad) ? 1 : 0
    const output =
      values['json'] === undefined
        ? report(findings, { paint, width: isTerminal ? widthOf(process.stdout) : 110 })
        : JSON.stringify({ findings }, undefined, 2)
    return { output, notes: [], exitCode }
  },
}

async function noticedIn(file: string, values: OptionValues): Promise<readonly Noticed[]> {
  const ask = values['offline'] === undefined ? askNpm : () => Promise.resolve(undefined)
  // The one asks the network, the other reads what is here.
  const [ofApi, ofDependencies] = await Promise.all([noticedOfApi(file), dependencyFindings(resolve(file), ask)])
  return [...ofApi, ...ofDependencies]
}

async function noticedOfApi(file: string): Promise<readonly Noticed[]> {
  try {
    return await withApi(file, apiFindings)
  } catch (thrown) {
    const found = bootFindings(thrown)
    if (found === undefined) throw thrown
    return found
  }
}

function severityIn(values: OptionValues): Severity {
  const text = optional(values, 'fail-on') ?? 'high'
  const severity = severities.find((one) => one === text)
  if (severity === undefined || severity === 'info') throw new UsageError(`--fail-on ${JSON.stringify(text)} is none of high, medium, low`)
  return severity
}

function accepted(findings: readonly Finding[], file: string): readonly Finding[] {
  try {
    return withBaseline(findings, readFileSync(file, 'utf8'), file, new Date())
  } catch (thrown) {
    throw new CommandError(`${file} cannot be read as a baseline: ${(thrown as Error).message}`, { cause: thrown })
  }
}

function write(target: string, findings: readonly Finding[], file: string): void {
  const path = relative(process.cwd(), resolve(file)).split(sep).join('/')
  try {
    writeFileSync(target, `${JSON.stringify(toSarif(findings, path, version()), undefined, 2)}\n`)
  } catch (thrown) {
    throw new CommandError(`${target} cannot be written: ${(thrown as Error).message}`, { cause: thrown })
  }
}

function version(): string {
  const manifest = readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { readonly version: string }).version
}

/** A terminal may not know how wide it is. */
function widthOf({ columns }: { readonly columns?: number }): number {
  return columns !== undefined && columns > 0 ? Math.min(columns, 120) : 110
}
