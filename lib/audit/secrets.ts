import { maskCardNumbers } from './card-numbers.js'

/** What is masked besides what always is. */
export interface RedactionOptions {
  /**
   * Names whose values are masked. Case, `-`, `_` and camelCase make no difference, and words around do not either:
   * `email` stands for `E_MAIL`, `customerEmail` and `user[email]`, not for `emailed`.
   */
  readonly keys?: readonly string[]
  /**
   * Places whose values are masked, from the root of what is recorded or logged: `address.street`, `items[*].sku`, `*.iban`. Of a record,
   * that is the body, and likewise the query, the parameters, the headers, the detail and both sides of a change; of a log line, what
   * came along with its message.
   */
  readonly paths?: readonly string[]
  /** Whether e-mail addresses are masked, wherever they stand in a text. @default false */
  readonly emails?: boolean
  /** What is masked wherever it stands in a text. Each is run on every text: keep them linear. */
  readonly patterns?: readonly RegExp[]
}

/** Stands where a secret was. */
export const mask = '[redacted]'

/** A name with one of these anywhere in it holds a secret. A hyphen is any separator, or none. */
const secretStems: readonly string[] = [
  ...['password', 'passwd', 'passphrase', 'passcode', 'pwd', 'secret', 'token', 'authorization', 'cookie', 'credential', 'bearer'],
  ...['api-key', 'private-key', 'access-key', 'signing-key', 'encryption-key', 'session-id', 'sessid', 'auth-code', 'authorization-code'],
  ...['code-verifier', 'client-assertion', 'card-number', 'card-no', 'cc-number', 'credit-card', 'debit-card', 'security-code', 'cvv'],
  ...['social-security'],
]

/** A name with one of these as a word of its own holds a secret: `card_pin`, `cardPin`, but not `shipping`. */
const secretWords: readonly string[] = ['auth', 'pass', 'pin', 'ssn', 'cvc', 'csc', 'pan', 'otp', 'totp', 'jwt', 'sid']

const stem = new RegExp(secretStems.map((one) => one.replace('-', '')).join('|'))

/** Says whether values under a name are secret. */
export function secretNames(keys: readonly string[] = []): (name: string) => boolean {
  const words = [...secretWords, ...keys].map(wordsOf)
  const squashed = new Set(keys.map((key) => wordsOf(key).replaceAll('_', '')))
  return function isSecret(name) {
    const parts = wordsOf(name)
    const whole = parts.replaceAll('_', '')
    return stem.test(whole) || squashed.has(whole) || words.some((word) => parts.includes(word))
  }
}

/** Letters of other scripts that look like ours: `pаsswоrd` with the а and о of Cyrillic is a password. */
const lookAlikes: ReadonlyMap<string, string> = new Map([
  ...pairsOf('АВЕЅІЈКМНОРСТХУԚԜабсԁеһіјкӏмпорԛѕтѵԝху', 'ABESIJKMHOPCTXYQWabcdehijklmnopqstvwxy'),
  ...pairsOf('ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαβεικνορτυχω', 'ABEZHIKMNOPTYXabeikvoptuxw'),
  ...pairsOf('ıɑɡɩʀꜱ', 'iagirs'),
])

function pairsOf(foreign: string, ours: string): ReadonlyArray<readonly [string, string]> {
  const letters = Array.from(ours)
  return Array.from(foreign).map((letter, index) => [letter, letters[index] ?? letter] as const)
}

/** A name with its accents and look-alikes undone, and without what nobody sees. */
function plainName(name: string): string {
  // Nearly all names are plain: nothing is done to them.
  if (/^[\u0000-\u007f]*$/.test(name)) return name
  const letters = name.normalize('NFKD').replaceAll(/[\p{M}\p{Default_Ignorable_Code_Point}]/gu, '')
  return Array.from(letters, (letter) => lookAlikes.get(letter) ?? letter).join('')
}

/** `userPIN-2` → `_user_pin_` */
function wordsOf(name: string): string {
  const words = plainName(name)
    .replaceAll(/([\p{Ll}\d])(?=\p{Lu})/gu, '$1_')
    .replaceAll(/(\p{Lu})(?=\p{Lu}\p{Ll})/gu, '$1_')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+|(?<=\p{L})\d+(?![\p{L}\d])/gu, '_')
  return `_${words}_`.replaceAll(/_+/g, '_')
}

// The names again, as they stand within texts: `?api_key=…`, `"clientSecret":"…"`, `PIN: …`. Where a space may stand, so may
// a plus, which forms write for it: `password+%3D+hunter2`.
const stemInText = secretStems.map((one) => one.replace('-', '[-_ +]?')).join('|')
const wordInText = secretWords.join('|')
const assignment = String.raw`\\{0,4}["'\]]{0,2}[\s+]{0,4}(?:[:=]|%3d|%3a)[\s+]{0,4}`
const assigned = String.raw`(\\{1,4}"[^"]*"?|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s&;,"'}]+)`

interface Mask {
  readonly pattern: RegExp
  readonly by: (found: string, kept: string, text: string) => string
}

const whole = () => mask
const keepFirst = (_found: string, kept: string) => kept + mask

// Each is linear, or bounded by counted repetitions: texts come from attackers.
const masks: readonly Mask[] = [
  { pattern: /-----BEGIN[ +][^-]{0,40}PRIVATE[ +]KEY[^-]{0,40}-----[^]*?(?:-----END[ +][^-]{0,60}-----|$)/g, by: whole },
  { pattern: /\b((?:set-)?cookie["']?[\s+]{0,4}:[\s+]{0,4})[^\r\n"]+/gi, by: keepFirst },
  // A scheme may have parameters: all of the line is the credential.
  { pattern: /\b((?:proxy-)?authorization["']?[\s+]{0,4}[:=][\s+]{0,4})(?!["'\s\\])[^\r\n]+/gi, by: keepFirst },
  { pattern: /\b((?:digest|hawk|oauth|aws4-hmac-sha\d{3})[\s+]{1,4})(?=[\w-]{1,32}=)[^\r\n]+/gi, by: keepFirst },
  { pattern: /\b((?:negotiate|ntlm|apikey|privatetoken|token)\s{1,4})(?=[\w+/=.-]{0,80}\d)[\w+/=.-]{16,}/gi, by: keepFirst },
  // Behind a plus in place of the space, a plus ends the word: `the+token+is+expired+since+2024` has no credential.
  { pattern: /\b((?:negotiate|ntlm|apikey|privatetoken|token)\+{1,4})(?=[\w/=.-]{0,80}\d)(?=[\w/=.-]{16})[\w+/=.-]+/gi, by: keepFirst },
  { pattern: /\b((?:bearer|dpop)(?:\s|%20|\+){1,4})[^\s"',;]+/gi, by: keepFirst },
  { pattern: /\b(basic(?:\s|%20|\+){1,4})([\w+/=-]{4,})/gi, by: (found, kept, text) => (namesUser(text) ? kept + mask : found) },
  { pattern: /eyJ[\w.-]{4,}/g, by: (found) => (found.includes('.') ? mask : found) },
  { pattern: /(\/\/)[^\s/?#"']{1,512}(?=@)/g, by: keepFirst },
  // Passwords in URLs with an unescaped slash or question mark in them; a port is none.
  { pattern: /\/\/[^\s@"']+@?/g, by: (found) => (found.endsWith('@') && found.includes(':') ? maskPasswordInUrl(found) : found) },
  { pattern: new RegExp(String.raw`((?:^|[^\w-])[\w-]{0,32}?(?:${stemInText})[\w-]{0,32}${assignment})${assigned}`, 'gi'), by: keepFirst },
  { pattern: new RegExp(String.raw`((?:^|[^a-z\d])(?:${wordInText})${assignment})${assigned}`, 'gi'), by: keepFirst },
  // `password "hunter2" is wrong`
  {
    pattern: new RegExp(
      String.raw`((?:^|[^\w-])[\w-]{0,32}?(?:${stemInText})[\s+]{1,4})(?:"[^"]{1,512}"|'[^']{1,512}'|\u0060[^\u0060]{1,512}\u0060)`,
      'gi',
    ),
    by: keepFirst,
  },
  // An authorization code on its way back to a client.
  { pattern: /([?&]code=)[^\s&#"']+/gi, by: keepFirst },
  { pattern: /\b(?:[rs]k_(?:live|test)_\w{8,}|gh[opsru]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|npm_\w{30,})/g, by: whole },
  // Our own API keys.
  { pattern: /\b[a-z][a-z0-9_]{0,31}_[A-Za-z0-9]{15}_[A-Za-z0-9]{49}\b/g, by: whole },
  { pattern: /\b(?:xox[a-z]-[\w-]{8,}|AKIA[\dA-Z]{16}|AIza[\w-]{30,})/g, by: whole },
]

// What the masks look for, as cheap questions: a text that answers no to all of them has no secret. They stand apart,
// and digits unrolled, because the engine is several times slower with the same in one expression.
const schemes = /eyJ|bearer|dpop|basic|\/\//i
const spacedSchemes = /digest|hawk|oauth|aws4|negotiate|ntlm|apikey|token /i
// The plus first: to look for it is quick, and base64 is full of letters.
const formSchemes = /\+(?<=(?:digest|hawk|oauth|aws4-hmac-sha\d{3}|negotiate|ntlm|apikey|token)\+)/i
const credentialLike = /[=\d]/
// A word this short has no room for any of them.
const shortWord = /^[\w.-]{0,12}$/
const prefixes = /_[A-Za-z0-9]{15}_|PRIVATE[ +]KEY|k_live_|k_test_|gh[opsru]_|_pat_|glpat-|npm_|xox[a-z]-|AKIA|AIza/
const someDigits = new RegExp(Array.from({ length: 8 }, () => String.raw`\d`).join(String.raw`[ +\t.\-\u00a0\u2010-\u2015]{0,3}`))
const assigning = /[:="'`]|%3/
const namedSecret = new RegExp(String.raw`${stemInText}|(?:${wordInText})[\\"'\]\s+]{0,10}(?:[:=]|%3)|[&?]code=`, 'i')

function isSuspect(text: string): boolean {
  if (text.length <= 12 && shortWord.test(text)) return false
  return (
    schemes.test(text) ||
    prefixes.test(text) ||
    someDigits.test(text) ||
    (text.includes(' ') && credentialLike.test(text) && spacedSchemes.test(text)) ||
    (text.includes('+') && formSchemes.test(text)) ||
    (assigning.test(text) && namedSecret.test(text))
  )
}

/** Bounded: an address has no more before its sign than 64 characters. */
const emailAddresses = /[^\s@"'<>()[\],;:\\=&]{1,64}@(?:[\p{L}\p{N}-]{1,63}\.){1,8}[\p{L}\p{N}-]{2,63}/gu

const escaped = /%[\da-f]{2}/i

/** How often a text is decoded to find out what it says: what is encoded once more than that is nobody's secret by accident. */
const mostDecodings = 3

/** Makes the function that masks secrets within a text; it returns the text itself where there are none. */
export function secretMasker({ patterns = [], emails = false }: RedactionOptions = {}): (text: string) => string {
  const own = patterns.map(({ source, flags }) => new RegExp(source, `${flags.replaceAll(/[gy]/g, '')}g`))
  if (emails) own.push(emailAddresses)

  function maskPlain(text: string): string {
    let masked = maskKnown(text)
    for (const pattern of own) masked = masked.replace(pattern, mask)
    return masked
  }

  /** A text whose secrets show only when it is decoded is written decoded, without them; any other as it came. */
  return function maskSecrets(text) {
    let shown = maskPlain(text)
    let decoded = shown
    // So many rounds whatever they find: a text could have one more secret for each round, and buy a round with each.
    for (let round = 0; round < mostDecodings && decoded.includes('%') && escaped.test(decoded); round++) {
      decoded = decodedOnce(decoded)
      const masked = maskPlain(decoded)
      if (masked !== decoded) shown = decoded = masked
    }
    return shown
  }
}

function maskKnown(text: string, layers = mostDecodings): string {
  const masked = isSuspect(text) ? maskPlainly(text) : text
  if (layers === 0 || masked.length <= 15 || !jsonInBase64.test(masked)) return masked
  return masked.replace(base64OfJson, (found) => maskBase64(found, layers - 1))
}

function maskPlainly(text: string): string {
  // Numbers first: what is masked behind a name ends at a space, and `cardNumber=4111 1111 1111 1111` would show the rest.
  let masked = maskCardNumbers(text, mask)
  for (const { pattern, by } of masks) masked = masked.replace(pattern, by)
  return masked
}

/** Byte by byte where it is no UTF-8: a wrong byte must not hide the rest. */
function decodedOnce(text: string): string {
  return text.replaceAll(/(?:%[\da-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'))
}

/** What stands before a password in a URL; what follows a port is no password. */
const beforePassword = /\/\/[^/?#:]{0,128}:(?!\d{1,5}[/?#])/g

/** The end of what is given is where the password ends. To seek that end from each `//` would make `//a://a://a:…` dear. */
function maskPasswordInUrl(url: string): string {
  for (const { 0: before, index } of url.matchAll(beforePassword)) {
    const length = url.length - 1 - index - before.length
    if (length >= 1 && length <= 128) return `${url.slice(0, index)}//${mask}@`
  }
  return url
}

// How objects and arrays of JSON begin in base64: a bracket and the two characters that JSON lets follow, spaces among them;
// behind spaces, one or two of them and the bracket. Of the last character only two bits show.
const beginningsInBase64 = [
  'e(?:y[AIJL]|w[ko0])',
  'W(?:y[ABIJL0]|w[klop01]|z[ABEFIJMNQRUVYZcdghkl]|1[st]|3[stR]|2Z|25)',
  'I(?:Hs|F[st]|C[AB]|A[klop01])',
  'C(?:Xs|V[st]|S[AB]|Q[klop01]|ns|l[st]|i[AB]|g[klop01])',
  'D(?:Xs|V[st]|S[AB]|Q[klop01])',
].join('|')

const jsonInBase64 = new RegExp(beginningsInBase64)
const base64OfJson = new RegExp(String.raw`(?:${beginningsInBase64})[\w+/=-]{6,}`, 'g')
const jsonBeginnings = new RegExp(beginningsInBase64, 'g')

/** JSON escapes them. */
const controlCharacters = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/

/** Masks what comes from the beginning of JSON that says something secret. Padding ends what is read, and not what is masked. */
function maskBase64(text: string, layers: number): string {
  for (const { 0: part, index } of text.matchAll(/[^=]+/g)) {
    const start = startOfSecret(part, layers)
    if (start !== undefined) return text.slice(0, index + start) + mask
  }
  return text
}

/**
 * What stands before JSON in base64 may look like its beginning, as `eyI` in `keyIdentifiers/eyJ…`: all that looks like one is tried. What
 * is read from one on reads also what begins behind it at the same pace of four characters, so a text is read four times at most.
 */
function startOfSecret(text: string, layers: number): number | undefined {
  const read = new Set<number>()
  for (const { index } of text.matchAll(jsonBeginnings)) {
    if (read.has(index % 4) || controlCharacters.test(Buffer.from(text.slice(index, index + 32), 'base64').toString('latin1'))) continue
    read.add(index % 4)
    const decoded = Buffer.from(text.slice(index), 'base64').toString('utf8')
    if (!decoded.includes(mask) && maskKnown(decoded, layers) !== decoded) return index
  }
  return undefined
}

/** Whether this is the base64 of `user:password`; `basic information` is not. */
function namesUser(text: string): boolean {
  return Buffer.from(text, 'base64').includes(':')
}
