/** A record on paper: what its hash covers, its place, and the hash of it and all before. */
export interface SealedLine {
  /** The line up to its hash. */
  readonly covered: Buffer
  readonly sequence: number
  readonly hash: string
}

/** `,"hash":"…"}` */
const hashStart = Buffer.from(',"hash":"')
const hashLength = 43
const endLength = hashStart.length + hashLength + 2
const sequenceStart = Buffer.from(',"seq":')
const chainStart = Buffer.from('{"kind":"chain",')
const quote = 0x22
const brace = 0x7d

/** What the hash of a record covers: the record and its number. What is no object on one line is wrapped in one. */
export function numbered(line: string, sequence: number): string {
  const whole = /^\{.+\}$/.test(line) ? line : JSON.stringify({ line })
  // Only the chain itself writes records that begin like its own.
  const own = isChainRecord(whole) ? whole.replace('{', '{ ') : whole
  return numberedRecord(own, sequence)
}

/** The same for a record of the chain's own. */
export function numberedRecord(record: string, sequence: number): string {
  return `${record.slice(0, -1)},"seq":${sequence}`
}

/** The finished line, with its line break. */
export function sealed(covered: string, hash: string): string {
  return `${covered},"hash":"${hash}"}\n`
}

/** Reads a line, given without its break; undefined where it has no number and hash. Nothing of it is checked yet. */
export function readSealed(line: Buffer): SealedLine | undefined {
  const end = line.length - endLength
  if (end < 1 || line[line.length - 1] !== brace || line[line.length - 2] !== quote) return undefined
  if (!stands(hashStart, line, end)) return undefined
  const sequence = sequenceBefore(line, end)
  if (sequence === undefined) return undefined
  const hash = line.toString('latin1', end + hashStart.length, line.length - 2)
  return { covered: line.subarray(0, end), sequence, hash }
}

function sequenceBefore(line: Buffer, end: number): number | undefined {
  let start = end
  let sequence = 0
  for (let scale = 1; start > 0; scale *= 10) {
    const digit = (line[start - 1] ?? 0) - 0x30
    if (digit < 0 || digit > 9) break
    sequence += digit * scale
    start--
  }
  if (start === end || !Number.isSafeInteger(sequence)) return undefined
  const from = start - sequenceStart.length
  return from > 0 && stands(sequenceStart, line, from) ? sequence : undefined
}

/** Whether a line says of itself that it is one of the chain's own records. */
export function isChainRecord(line: Buffer | string): boolean {
  if (typeof line === 'string') return line.startsWith(chainStart.toString('latin1'))
  return line.length > chainStart.length && stands(chainStart, line, 0)
}

/** Whether `text` stands in a line at this place. By hand: a call out of JavaScript costs more than to compare these few bytes. */
function stands(text: Buffer, line: Buffer, place: number): boolean {
  for (let index = 0; index < text.length; index++) if (line[place + index] !== text[index]) return false
  return true
}
