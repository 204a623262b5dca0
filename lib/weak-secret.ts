import { createPublicKey } from 'node:crypto'

/** Words of the secrets that tutorials, templates and test suites are written with. They add nothing that must be guessed. */
const tellingWords = new RegExp(
  [
    'secret|password|passwd|passphrase|private|public|json|web|jwt|token|keys?|auth|session|cookie|sign(?:ing|ature|ed)?|hash|salt',
    'hmac|sha|hs(?:256|384|512)|encrypt(?:ion|ed)?|super|very|really|long|short|strong|secure|security|safe|random|strings?|text|value',
    'characters?|chars?|bytes?|bits?|minimum|least|length|enough|should|must|with|your|own|this|that|these|here|the|and|for|not|dont',
    'change|replace|insert|generate|please|use|some|any|something|example|sample|dummy|fake|test(?:ing)?|demo|default|local|development',
    'dev|production|prod|staging|admin|user|root|api|app|application|server|service|backend|node|express|nest|hello|world|foo|bar|baz',
    'qwerty|asdf|letmein|welcome|monkey|dragon|lorem|ipsum|correct|horse|battery|staple|make|sure|only|know|will|have|want|from|what',
    'base|256|384|512|128',
  ].join('|'),
  'gi',
)

const uuid = /^\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?$/i
const keyText = /-----BEGIN|^\s*\{[^]*"kty"|^ssh-[a-z0-9]+ /

/** Guesses below this many bits are within reach of someone who holds one token and much time. */
const fewestBits = 90

/** Characters of a secret that are looked at. */
const longest = 2_000

/**
 * What is wrong with an HMAC secret besides its length, as the end of a sentence; undefined where nothing shows. That it can
 * be guessed may be accepted, that it is public never.
 */
export function weaknessOf(secret: Uint8Array, isGuessableAccepted = false): string | undefined {
  const text = Buffer.from(secret).toString('latin1')
  const decoded = decode(text)
  // Whoever has the public key could sign: the oldest confusion of algorithms, made at home.
  if (keyText.test(text) || keyText.test(decoded.toString('latin1')) || isPublicKey(secret) || isPublicKey(decoded)) {
    return 'is an asymmetric key'
  }
  if (isGuessableAccepted) return undefined
  if (uuid.test(text)) return 'is a UUID, which has 122 random bits at most'
  const written = isPlainText(decoded) ? decoded.toString('latin1') : text
  return entropyOf(written.slice(0, longest)) < fewestBits ? 'can be guessed: it is made of words, repeats or few characters' : undefined
}

/** What a text in hexadecimal or base64 stands for; nothing where it is neither. */
function decode(text: string): Buffer {
  if (/^(?:[0-9a-f]{2})+$/i.test(text)) return Buffer.from(text, 'hex')
  return Buffer.from(/^[A-Za-z0-9+/_-]+=*$/.test(text) ? text : '', 'base64')
}

function isPlainText(bytes: Buffer): boolean {
  return bytes.length >= 8 && bytes.every((byte) => (byte >= 0x20 && byte <= 0x7e) || byte === 0x0a || byte === 0x0d || byte === 0x09)
}

function isPublicKey(bytes: Uint8Array): boolean {
  try {
    createPublicKey({ key: Buffer.from(bytes), format: 'der', type: 'spki' })
    return true
  } catch {
    return false
  }
}

/** An upper estimate, in bits, of what there is to guess in a text besides telling words and repeats. */
function entropyOf(text: string): number {
  let letters = 0
  const rest = withoutRepeats(text.replaceAll(tellingWords, '')).replaceAll(/[A-Z]?[a-z]{4,}|[A-Z]{5,}/g, (run) => {
    if (!isPronounceable(run)) return run
    letters += run.length
    return ''
  })
  const codes = Array.from(rest, (character) => character.charCodeAt(0))
  const steps = codes.map((code, index) => code - (codes[index - 1] ?? 0))
  return Math.min(bitsOf(codes), bitsOf(steps)) + letters * bitsOfProse
}

/** A word out of 8,000 has 13 bits, on five or six letters. */
const bitsOfProse = 2.4

/** Whether letters can be read aloud, as words can; chance puts fewer vowels among them. */
function isPronounceable(run: string): boolean {
  const vowels = run.replaceAll(/[^aeiouy]/gi, '').length
  return vowels >= run.length * 0.28 && !/[^aeiouy]{5}|^[a-f]+$/i.test(run)
}

/** What is left without anything of four characters that stood before. */
function withoutRepeats(text: string): string {
  let rest = ''
  for (let index = 0; index < text.length;) {
    const ahead = text.slice(index, index + 4)
    const repeats = text.slice(0, index + ahead.length - 1).includes(ahead)
    if (!repeats) rest += text.charAt(index)
    index += repeats ? ahead.length : 1
  }
  return rest
}

/** Shannon's entropy of what stands there, times its length. */
function bitsOf(values: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= count * Math.log2(count / values.length)
  return bits
}
