import type { OperationDraft } from '../operation.js'

const replayed = { description: '`true` where this is the first answer to the key, again.', schema: { const: 'true' } }

/** What `@Idempotent` means for clients, from what it says of itself in the inventory. */
export function documentIdempotency(fact: unknown, operation: OperationDraft): void {
  if (typeof fact !== 'object' || fact === null) return
  const { required = false } = fact as { readonly required?: boolean }
  operation.parameter({ in: 'header', name: 'Idempotency-Key', required, schema: { type: 'string', minLength: 1, maxLength: 255 } })
  operation.note('Sent again with the same Idempotency-Key, a request is not done again: the first answer comes again.')
  operation.extension('x-idempotency', fact)
  operation.header('Idempotency-Replayed', replayed)
  if (required) operation.refusal({ status: 400, code: 'idempotency-key-missing' })
  operation.refusal({ status: 409, code: 'idempotency-key-in-use' })
  operation.refusal({ status: 409, code: 'idempotency-answer-not-kept' })
  operation.refusal({ status: 422, code: 'idempotency-key-reused' })
}
