import type { StandardSchemaV1 } from '@standard-schema/spec'

/**
 * A schema that takes any fields, for endpoints whose protocol says itself what is wrong with them, and ignores what it does
 * not know (RFC 6749 §3.1).
 */
export const anyFields: StandardSchemaV1<unknown, object> = {
  '~standard': {
    version: 1,
    vendor: 'OAuth',
    validate: (value) => (typeof value === 'object' && value !== null ? { value } : { value: {} }),
  },
}
