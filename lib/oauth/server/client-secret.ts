import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/** 16 MiB for each check: a client asks for a token now and then, a thief of the table would have to for each guess. */
const cost = { N: 2 ** 14, r: 8, p: 1 } as const
const hashLength = 32
const form = /^\$scrypt\$ln=14,r=8,p=1\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/

/** Longer secrets are refused unread. */
const longest = 512

/** A new secret for a client: 32 random bytes, in base64url. */
export function createClientSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** What is stored of a client's secret, as scrypt (RFC 7914) with a salt of its own: `$scrypt$ln=14,r=8,p=1$…$…`. */
export async function hashClientSecret(secret: string): Promise<string> {
  if (secret === '' || secret.includes('\0') || secret.length > longest)
    throw new TypeError(`the secret has ${secret.length} characters, or a NUL: give 1 to ${longest} others`)
  const salt = randomBytes(16)
  return `$scrypt$ln=14,r=8,p=1$${salt.toString('base64url')}$${(await derive(secret, salt)).toString('base64url')}`
}

/** Whether this is what `hashClientSecret` makes. */
export function isSecretHash(hash: unknown): boolean {
  return typeof hash === 'string' && form.test(hash)
}

/** Whether a secret is the one that was hashed. Takes the same time for right and wrong ones. */
export async function isClientSecret(secret: string, hash: string): Promise<boolean> {
  const [, salt, expected] = form.exec(hash) ?? []
  // HMAC, inside, fills keys up with NUL: a secret with some at its end would pass for the one without.
  if (salt === undefined || expected === undefined || secret.length > longest || secret.includes('\0')) return false
  return timingSafeEqual(await derive(secret, Buffer.from(salt, 'base64url')), Buffer.from(expected, 'base64url'))
}

function derive(secret: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, hashLength, cost, (error, key) => (error === null ? resolve(key) : reject(error)))
  })
}
