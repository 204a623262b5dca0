import { generateKeyPairSync } from 'node:crypto'
import { Authenticated, Controller, Get, MemoryStateStore, createApiKey } from 'portcullis'
import type { Jwk, KeyOptions } from 'portcullis'

@Controller('/orders')
export class OrdersController {
  @Get('/')
  @Authenticated()
  list() {
    return []
  }
}

export const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }).toString()
export const jwk = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }) as Jwk
/** What stands in the file of signing keys. */
export function readFileSync(_path: string, _encoding: 'utf8'): string {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
  return JSON.stringify({ keys: [{ ...key, kid: 'new', alg: 'ES256' }] })
}

export const hmac: KeyOptions = { algorithm: 'HS256', secret: process.env.TOKEN_KEY }
export const user = { id: 'alice' }
export const state = new MemoryStateStore()
export const record = createApiKey({ owner: 'warehouse', scopes: ['orders:read'] }).record
export const issuer = 'https://auth.example.com'
export const audience = 'https://api.example.com'
export const jwksUri = 'https://auth.example.com/jwks'
