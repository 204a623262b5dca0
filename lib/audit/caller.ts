import { isKept } from '../context.js'
import type { Identity, Principal } from '../context.js'
import type { Exchange } from '../exchange.js'
import { put, putPiece, putText } from './record-layout.js'
import type { Layout, Parts, Piece } from './record-layout.js'
import { tokenName } from './token-name.js'

/** What was written of an identity, and what it was made of. */
interface Written {
  readonly principal: Pick<Principal, 'id' | 'kind' | 'issuer'>
  readonly authentication: string | undefined
  readonly token: string | undefined
  readonly piece: Piece
}

/**
 * Makes the function that writes who calls: what it says of an identity that is kept for the caller's next request, it says again. With
 * `showsNobody`, the id of nobody is `null`.
 */
export function callerWriter(layout: Layout, showsNobody: boolean): (parts: Parts, exchange: Exchange) => void {
  const { fields } = layout
  const known = new WeakMap<Identity, Written>()
  const nobody = layout.piece((parts) => {
    if (showsNobody) put(parts, fields.principal_id, 'null')
    put(parts, fields.principal_kind, '"anonymous"')
  })

  return function putCaller(parts, exchange) {
    const { principal, identity, authentication } = exchange
    if (principal.kind === 'anonymous') return putPiece(parts, nobody)
    const token = authentication === undefined ? undefined : tokenName(exchange)
    if (identity === undefined) return putSomebody(parts, fields, exchange, token)
    const before = known.get(identity)
    if (before !== undefined && isSame(before, exchange, token)) return putPiece(parts, before.piece)
    if (!isKept(identity)) return putSomebody(parts, fields, exchange, token)
    const piece = layout.piece((own) => putSomebody(own, fields, exchange, token))
    known.set(identity, { principal, authentication, token, piece })
    putPiece(parts, piece)
  }
}

/** A caller known by a cookie may send any token beside it, and a protection of somebody's own may have put another in the caller's place. */
function isSame(before: Written, { principal: { id, kind, issuer }, authentication }: Exchange, token: string | undefined): boolean {
  if (before.authentication !== authentication || before.token !== token) return false
  return before.principal.id === id && before.principal.kind === kind && before.principal.issuer === issuer
}

function putSomebody(parts: Parts, fields: Layout['fields'], { principal, authentication }: Exchange, token: string | undefined): void {
  putText(parts, fields.principal_id, principal.id)
  put(parts, fields.principal_kind, `"${principal.kind}"`)
  if (principal.issuer !== undefined) putText(parts, fields.issuer, principal.issuer)
  if (authentication !== undefined) putText(parts, fields.authentication, authentication)
  if (token !== undefined) putText(parts, fields.token_id, token)
}
