import { createRequire } from 'node:module'
import draft04 from 'ajv-draft-04'
import formats from 'ajv-formats'

const require = createRequire(import.meta.url)

/** The parts of a SARIF log that are looked at. */
export interface SarifLog {
  readonly runs: readonly [
    {
      readonly tool: { readonly driver: { readonly rules: readonly SarifRule[] } }
      readonly results: readonly SarifResult[]
    },
  ]
}

interface Said {
  readonly text: string
}

interface SarifRule {
  readonly id: string
  readonly shortDescription: Said
  readonly fullDescription: Said
  readonly help: Said
  readonly properties: { readonly tags: readonly string[]; readonly 'security-severity': string }
}

interface SarifResult {
  readonly partialFingerprints: Readonly<Record<string, string>>
  readonly locations: readonly [
    { readonly physicalLocation: { readonly artifactLocation: { readonly uri: string }; readonly region: { readonly startLine: number } } },
  ]
}

/** What the schema of OASIS says against a log: the one that Microsoft, who edits it, ships with its own matchers. */
export function complaintsOf(log: object): readonly string[] {
  const schema = require('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json') as object
  const ajv = new draft04.default({ strict: false, allErrors: true, unicodeRegExp: false })
  formats.default(ajv)
  const validate = ajv.compile(schema)
  return validate(log) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}
