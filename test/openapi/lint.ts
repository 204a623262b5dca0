import spectralCore from '@stoplight/spectral-core'
import owasp from '@stoplight/spectral-owasp-ruleset'
import spectralParsers from '@stoplight/spectral-parsers'
import spectralRulesets from '@stoplight/spectral-rulesets'

const { Document, Spectral } = spectralCore

/** Something that a linter of OpenAPI documents calls an error. */
export interface Complaint {
  readonly rule: string
  /** `paths/~/orders/post`: where. */
  readonly place: string
  readonly message: string
}

/** The number of the gravest severity (DiagnosticSeverity.Error). */
const errors = '0'

/** What Spectral says of a document with the rules for OpenAPI (its meta schema among them) and those of OWASP's API Top 10. */
export async function complaintsAbout(document: unknown): Promise<readonly Complaint[]> {
  const spectral = new Spectral()
  spectral.setRuleset({
    extends: [
      [spectralRulesets.oas as never, 'recommended'],
      [owasp as never, 'recommended'],
    ],
  })
  const found = await spectral.run(new Document(JSON.stringify(document), spectralParsers.Json))
  return found
    .filter(({ severity }) => String(severity) === errors)
    .map(({ code, path, message }) => ({ rule: String(code), place: path.join('/'), message }))
}
