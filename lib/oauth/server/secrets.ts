import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** 256 random bits, in 43 characters that any parameter and header can hold. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** What is stored in the place of a secret: whoever reads the store cannot use it. */
export function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}

/** Whether two texts are the same, in a time that says nothing of where they differ. */
export function isSame(one: string, other: string): boolean {
  return timingSafeEqual(createHash('sha256').update(one).digest(), createHash('sha256').update(other).digest())
}
