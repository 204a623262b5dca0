import type { Severity } from './finding.js'

/** What the audit looks for. */
export interface AuditRule {
  readonly severity: Severity
  /** The requirement of OWASP ASVS 5.0, or the risk of the OWASP API Security Top 10 2023. */
  readonly standard: string
  /** One sentence. */
  readonly title: string
}

function rule(severity: Severity, standard: string, title: string): AuditRule {
  return Object.freeze({ severity, standard, title })
}

/** All rules by their ids, which stay the same: baselines name them. */
export const rules = Object.freeze({
  'boot-mistake': rule('high', 'API8:2023', 'The API does not start'),
  'only-observed': rule('high', 'ASVS 8.2.2', 'A rule about objects is observed and not enforced'),
  'object-undecided': rule('medium', 'API1:2023', 'Nothing decides whose the object is that a path names'),
  'input-unvalidated': rule('medium', 'ASVS 2.2.1', 'A route that writes validates nothing'),
  'object-untyped': rule('medium', 'ASVS 15.3.3', 'A property takes an object of any form'),
  'property-untyped': rule('low', 'ASVS 15.3.5', 'A property takes values of any type'),
  'unknown-dropped': rule('low', 'ASVS 15.3.3', 'Unknown properties are dropped instead of refused'),
  'pattern-slow': rule('high', 'ASVS 1.3.12', 'A pattern takes very long for some texts'),
  'pattern-unchecked': rule('info', 'ASVS 1.3.12', 'Patterns were not checked'),
  'limits-off': rule('high', 'API4:2023', 'All limits are off'),
  'limit-missing': rule('medium', 'API4:2023', 'A route has no limit'),
  'limit-general': rule('info', 'ASVS 2.4.1', 'A closed route has no limit of its own'),
  'write-on-get': rule('medium', 'ASVS 3.5.3', 'A safe method writes'),
  'write-unrecorded': rule('low', 'ASVS 16.3.3', 'A write is recorded as an access alone'),
  'records-nowhere': rule('high', 'ASVS 16.2.1', 'Records are written nowhere'),
  'secret-guessable': rule('high', 'ASVS 13.3.1', 'A secret can be guessed'),
  'token-long-lived': rule('medium', 'API2:2023', 'Access tokens live for more than an hour'),
  'state-in-process': rule('low', 'ASVS 7.4.1', 'What was revoked is known to one process, and forgotten when it ends'),
  'limits-in-process': rule('low', 'API4:2023', 'Calls are counted in one process'),
  'cors-wide': rule('medium', 'ASVS 3.4.2', 'Pages of more origins than needed may read answers'),
  'cors-credentials': rule('low', 'ASVS 3.4.2', 'Browsers may send cookies from pages of other origins'),
  'proxies-wide': rule('high', 'ASVS 4.1.3', 'Forwarding headers of too many are believed'),
  'header-removed': rule('medium', 'API8:2023', 'A security header is removed'),
  'policy-unsafe': rule('medium', 'ASVS 3.4.3', 'A content security policy allows what is unsafe'),
  'hsts-short': rule('low', 'ASVS 3.4.1', 'Browsers forget too soon that the API is there over HTTPS alone'),
  'https-off': rule('medium', 'ASVS 12.2.1', 'Plain HTTP is answered'),
  'https-assumed': rule('info', 'ASVS 12.2.1', 'Every connection is taken for TLS'),
  'https-redirected': rule('low', 'ASVS 4.1.2', 'Plain HTTP is redirected instead of refused'),
  'body-large': rule('low', 'ASVS 5.2.1', 'Bodies may be very large'),
  'dependency-vulnerable': rule('high', 'API8:2023', 'A dependency has a known vulnerability'),
  'dependency-unasked': rule('info', 'API8:2023', 'Dependencies could not be asked about'),
  'dependency-outdated': rule('info', 'API8:2023', 'Dependencies are behind'),
  'dependency-script': rule('low', 'API8:2023', 'A dependency runs a program when it is installed'),
  'lock-missing': rule('medium', 'API8:2023', 'There is no lock file'),
  'lock-out-of-step': rule('medium', 'API8:2023', 'The lock file does not fit package.json'),
  'lock-unproved': rule('medium', 'API8:2023', 'The lock file does not say what a package must be'),
  'baseline-wrong': rule('medium', 'API8:2023', 'An accepted finding has no reason, or its time is up'),
  'baseline-unused': rule('info', 'API8:2023', 'An accepted finding is not there any more'),
})

export type RuleId = keyof typeof rules
