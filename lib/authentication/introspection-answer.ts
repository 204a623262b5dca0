import type { Fields } from './compact-token.js'

const deepest = 32
const words = new TextDecoder('utf-8', { fatal: true })

/**
 * The JSON object in an answer with status 200, frozen at every depth and without a prototype that a name could reach. Throws an
 * `Error` for every other answer; it tells nothing of what stands in there.
 */
export async function fieldsOf(response: Response): Promise<Fields> {
  if (response.status !== 200) throw new Error(`the answer has the status ${response.status}, not 200`)
  const value = parse(await response.arrayBuffer())
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('the answer is no JSON object')
  if (!freeze(value, deepest)) throw new Error(`the answer is nested deeper than ${deepest}`)
  return Object.freeze({ __proto__: null, ...value })
}

function parse(bytes: ArrayBuffer): unknown {
  try {
    return JSON.parse(words.decode(bytes))
  } catch {
    // The parser's own error quotes what it read.
    return undefined
  }
}

function freeze(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (depth === 0) return false
  Object.freeze(value)
  return Object.values(value).every((one) => freeze(one, depth - 1))
}
