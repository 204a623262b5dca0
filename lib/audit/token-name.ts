import { createHash } from 'node:crypto'
import type { Exchange } from '../exchange.js'

const digestLength = 22

/**
 * What names a caller's token in records: its id, or a digest where it has none or is its own id. Two requests with one token can be told
 * to be that, and nobody can use what the record says.
 */
export function tokenName({ principal: { tokenId }, request, authentication }: Exchange): string | undefined {
  const authorization = request.headers.authorization ?? ''
  if (tokenId !== undefined && !authorization.endsWith(tokenId)) return tokenId
  if (authentication !== 'bearer' && authentication !== 'dpop') return undefined
  const token = authorization.slice(authorization.indexOf(' ') + 1).trim()
  return `sha256:${createHash('sha256').update(token).digest('base64url').slice(0, digestLength)}`
}
