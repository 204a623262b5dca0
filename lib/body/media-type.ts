import { UnsupportedMediaType } from '../errors.js'

/** A format that bodies are read in. */
export type BodyFormat = 'json' | 'form'

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const space = '[ \\t]*'
const parameter = `${space};${space}(${token})=(?:(${token})|"([^"\\\\]*)")`
// No two runs of space may touch: where the second is optional, a header of spaces would be tried in every division.
const mediaType = new RegExp(`^(${token}/${token})((?:${parameter})*)${space}(?:;${space})?$`)
const parameters = new RegExp(parameter, 'g')

const accepted: Readonly<Record<BodyFormat, string>> = { json: 'application/json', form: 'application/x-www-form-urlencoded' }

/** `application/json` */
export function mediaTypeOf(format: BodyFormat): string {
  return accepted[format]
}

/** The formats that there are. */
export const bodyFormats = Object.keys(accepted)

/** Throws `UnsupportedMediaType` unless `contentType` is what `format` says, in UTF-8 (RFC 9110 §8.3). */
export function requireFormat(contentType: string | undefined, format: BodyFormat): void {
  if (contentType === accepted[format]) return
  const [, type, rest = ''] = (contentType === undefined ? null : mediaType.exec(contentType)) ?? []
  if (type === undefined || !fits(type.toLowerCase(), format) || !isUtf8(charsetsIn(rest))) {
    throw new UnsupportedMediaType(`The body must be ${accepted[format]}, in UTF-8.`, { headers: ['Accept', accepted[format]] })
  }
}

function fits(type: string, format: BodyFormat): boolean {
  return type === accepted[format] || (format === 'json' && /^application\/[^/]+\+json$/.test(type))
}

function charsetsIn(rest: string): readonly string[] {
  return [...rest.matchAll(parameters)]
    .filter(([, name]) => name?.toLowerCase() === 'charset')
    .map(([, , plain, quoted]) => (plain ?? quoted ?? '').toLowerCase())
}

/** Whether nothing else is said: two charsets are one too many, whichever they are. */
function isUtf8([first, ...others]: readonly string[]): boolean {
  return others.length === 0 && (first === undefined || first === 'utf-8' || first === 'utf8')
}
