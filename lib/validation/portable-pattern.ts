/**
 * The source of a regular expression, where a JSON Schema can bear it: it is read there as ECMA-262 has it, with the flag `u` and no other
 * (JSON Schema §6.4). Undefined where other flags count, or where reading by code points would make it another expression.
 */
export function portablePattern(pattern: unknown, flags: unknown): string | undefined {
  const expression = expressionOf(pattern, flags)
  if (expression === undefined) return undefined
  const { source, flags: own } = expression
  // Global changes nothing where one match is enough.
  if (own.replace(/[gu]/g, '') !== '') return undefined
  if (own.includes('u')) return source
  return isSameWithUnicode(source) ? source : undefined
}

function expressionOf(pattern: unknown, flags: unknown): RegExp | undefined {
  try {
    if (pattern instanceof RegExp) return pattern
    return typeof pattern === 'string' ? new RegExp(pattern, flags as string | undefined) : undefined
  } catch {
    return undefined
  }
}

/** Stands for what takes one half of a character where there is no flag `u`: a dot, and what is negated. */
const half = '\u0001'
const parts = /\\(?<escaped>.)|\[(?<negated>\^?)(?<members>(?:[^\]\\]|\\.)*)\]|\./g

/** What keeps two runs of halves apart: something that is surely there, such as the @ of an address. */
const apart = /^[*+]\??[^()|[\]{}*+?^$](?![*?{])/

/** Two halves are one character only where as many as there are may be taken, by one of two neighbours. */
function isSameWithUnicode(source: string): boolean {
  if (!isUnicode(source) || /\\[up]|[^\0-\u00ff]/.test(source)) return false
  const reduced = source.replaceAll(parts, (part, escaped: string | undefined, negated: string | undefined, members = '') => {
    if (escaped !== undefined) return /[DSWP]/.test(escaped) ? half : 'x'
    return part === '.' || negated === '^' || /\\[DSWP]/.test(String(members)) ? half : 'x'
  })
  const behind = reduced.split(half).slice(1)
  if (behind.length > 0 && /\)[*+{]/.test(reduced)) return false
  return behind.every((text, index) => (index === behind.length - 1 ? /^[*+]/ : apart).test(text))
}

function isUnicode(source: string): boolean {
  try {
    return new RegExp(source, 'u').unicode
  } catch {
    return false
  }
}
