import type { KeyObject } from 'node:crypto'

/**
 * Whether an RSA key was made by the library of Infineon's chips that left few numbers to guess (ROCA, CVE-2017-15361): both of
 * its primes are powers of 65537 modulo every small prime, so the modulus is one too. Chance makes one such key out of a hundred
 * million.
 */
export function isRocaKey(key: KeyObject): boolean {
  const { n = '' } = key.export({ format: 'jwk' })
  const modulus = BigInt(`0x${Buffer.from(n, 'base64url').toString('hex') || '0'}`)
  // Of other keys the first few primes tell.
  return powers.every(([prime, powersOfGenerator]) => powersOfGenerator.has(Number(modulus % prime)))
}

const generator = 65_537

/** Every key of that library, of whatever length, shows itself modulo the primes up to here. */
const largestPrime = 167

const powers = Array.from({ length: largestPrime - 2 }, (_, index) => index + 3)
  .filter(isPrime)
  .map((prime) => [BigInt(prime), powersModulo(prime)] as const)

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor += 1) if (number % divisor === 0) return false
  return true
}

function powersModulo(prime: number): ReadonlySet<number> {
  const found = new Set<number>()
  for (let power = 1; !found.has(power); power = (power * generator) % prime) found.add(power)
  return found
}
