import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/** What is kept of a password. */
export interface PasswordHash {
  readonly salt: Buffer
  readonly hash: Buffer
}

/** 16 MiB and some 40 ms for each try. Where nobody waits for a demonstration to start, OWASP asks for `p: 5`. */
const cost = { N: 2 ** 14, r: 8, p: 1 } as const
const hashLength = 32

export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(16)
  return { salt, hash: await derive(password, salt) }
}

/** Takes the same time for every password of a length, right or wrong. */
export async function isPassword(password: string, { salt, hash }: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, salt), hash)
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, hashLength, cost, (error, key) => (error === null ? resolve(key) : reject(error)))
  })
}
