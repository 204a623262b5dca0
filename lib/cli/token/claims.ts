import type { TokenClaims } from '../../authentication/token-issuer.js'
import { UsageError, required } from '../command.js'
import type { OptionValues } from '../command.js'

/** Claims that an option of their own says. */
const ownOptions: ReadonlyMap<string, string> = new Map([
  ['sub', 'subject'],
  ['roles', 'role'],
  ['permissions', 'permission'],
  ['scope', 'scope'],
  ['client_id', 'client'],
  ['iss', 'issuer'],
  ['aud', 'audience'],
  ['exp', 'expires'],
])

/** What the options of a token say about its subject. Throws a `UsageError` where they say it twice, or not as they should. */
export function claimsIn(values: OptionValues): TokenClaims {
  const { role, permission, scope, client } = values
  const own = {
    sub: required(values, 'subject'),
    ...(role === undefined ? {} : { roles: role }),
    ...(permission === undefined ? {} : { permissions: permission }),
    ...(scope === undefined ? {} : { scope: scope.join(' ') }),
    ...(client === undefined ? {} : { client_id: client[0] }),
  }
  const others = (values['claim'] ?? []).map(readClaim)
  const names = others.map(([name]) => name)
  for (const [index, name] of names.entries()) {
    const option = ownOptions.get(name)
    if (option !== undefined) throw new UsageError(`--claim ${name} is said by --${option}`)
    if (names.indexOf(name) < index) throw new UsageError(`--claim ${JSON.stringify(name)} is given twice: give it once`)
  }
  return { ...Object.fromEntries(others), ...own }
}

/** `name=value`: JSON where it begins like JSON, else a text. */
function readClaim(text: string): readonly [name: string, value: unknown] {
  const [, name = '', written = ''] = /^([^=]+)=([^]*)$/.exec(text) ?? []
  if (name === '') throw new UsageError(`--claim ${JSON.stringify(text)} is no claim: write tenant=acme, or groups='["a","b"]'`)
  if (!/^(?:[[{"\d-]|(?:true|false|null)$)/.test(written)) return [name, written]
  try {
    return [name, JSON.parse(written)]
  } catch {
    throw new UsageError(`--claim ${JSON.stringify(name)} is no JSON: write a text that begins like a number in quotes, ${name}='"01234"'`)
  }
}
