import { UnsupportedMediaType } from '../errors.js'

/** A format that bodies are read in. */
export type BodyFormat = 'json' | 'form'

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const mediaType = new RegExp(`^(${token}/${token})((?:[ \\t]*;[ \\t]*${token}=(?:${token}|"[^"\\\\]*"))*)[ \\t]*;?[ \\t]*$`)
const charset = /;[ \t]*charset=(?:"([^"]*)"|([^;\s]*))/gi

const accepted: Readonly<Record<BodyFormat, string>> = { json: 'application/json', form: 'application/x-www-form-urlencoded' }

/** Throws `UnsupportedMediaType` unless `contentType` is what `format` says, in UTF-8 (RFC 9110 §8.3). */
export function requireFormat(contentType: string | undefined, format: BodyFormat): void {
  if (contentType === accepted[format]) return
  const parts = contentType === undefined ? null : mediaType.exec(contentType)
  const type = parts?.[1]?.toLowerCase()
  const fits = type === accepted[format] || (format === 'json' && type !== undefined && /^application\/[^/]+\+json$/.test(type))
  const charsets = [...(parts?.[2] ?? '').matchAll(charset)].map((match) => (match[1] ?? match[2] ?? '').toLowerCase())
  if (!fits || charsets.length > 1 || charsets.some((name) => name !== 'utf-8' && name !== 'utf8')) {
    throw new UnsupportedMediaType(`The body must be ${accepted[format]}, in UTF-8.`, { headers: ['Accept', accepted[format]] })
  }
}
