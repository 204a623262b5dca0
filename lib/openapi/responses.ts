import { STATUS_CODES } from 'node:http'
import type { JsonSchema } from '../json-schema.js'
import type { HeaderDraft } from '../operation.js'
import type { Components } from './components.js'
import type { Draft, Refused } from './draft.js'

const requestId: HeaderDraft = { description: 'Names this request in records.', schema: { type: 'string', maxLength: 200 } }

const inputError: JsonSchema = {
  type: 'object',
  required: ['in', 'path', 'code', 'message'],
  properties: {
    in: { enum: ['body', 'query', 'params', 'headers'], description: 'The part of the request.' },
    path: { type: 'string', description: 'Where in that part, as a JSON Pointer (RFC 6901).' },
    code: { type: 'string', description: 'The rule.' },
    message: { type: 'string', description: 'The rule in words.' },
  },
  additionalProperties: false,
}

const problem: JsonSchema = {
  type: 'object',
  description: 'What went wrong (RFC 9457). Decide by `code`: it is stable.',
  required: ['type', 'title', 'status', 'code', 'detail', 'instance'],
  properties: {
    type: { type: 'string', format: 'uri', description: 'The code as a URI.' },
    title: { type: 'string', description: 'The same for all problems of a code.' },
    status: { type: 'integer', format: 'int32', minimum: 300, maximum: 599 },
    code: { type: 'string', maxLength: 100 },
    detail: { type: 'string', description: 'About this one.' },
    instance: { type: 'string', maxLength: 200, description: 'The id of the request.' },
    errors: { type: 'array', maxItems: 1_000, items: inputError, description: 'Each thing that is wrong with the input.' },
  },
}

const problemKey = Object.freeze({})

/** All answers of an operation, by status. */
export function responsesOf(draft: Draft, status: number | undefined, components: Components): JsonSchema {
  const reference = components.refer(problemKey, '', 'Problem', () => problem)
  const content = (schema: JsonSchema) => ({ 'application/problem+json': { schema } })
  const refusals = [...draft.refusals].toSorted(([one], [other]) => one - other)
  return {
    [status ?? '2XX']: successOf(draft, status, components),
    ...Object.fromEntries(refusals.map(([code, refused]) => [code, refusalResponse(code, refused, { draft, components, reference })])),
    default: components.share('responses', 'problem', {
      description: 'Any other problem.',
      headers: headersOf(draft.headers, components),
      content: content(reference),
    }).reference,
  }
}

function successOf({ answered, headers }: Draft, status: number | undefined, components: Components): JsonSchema {
  const description = status === undefined ? 'Done.' : (STATUS_CODES[status] ?? 'Done.')
  const content = answered === undefined ? {} : { content: { [answered.mediaType]: { schema: answered.schema } } }
  return { description, headers: headersOf(headers, components), ...content }
}

interface Writing {
  readonly draft: Draft
  readonly components: Components
  readonly reference: JsonSchema
}

function refusalResponse(status: number, { codes, headers }: Refused, { draft, components, reference }: Writing): JsonSchema {
  const all = [...codes].toSorted()
  const schema = { allOf: [reference], properties: { status: { const: status }, code: { enum: all } } }
  const said = {
    description: `${STATUS_CODES[status] ?? 'A problem'}: ${all.join(', ')}.`,
    headers: headersOf(new Map([...draft.headers, ...headers]), components),
    content: { 'application/problem+json': { schema } },
  }
  return components.share('responses', all.join('.'), said).reference
}

function headersOf(headers: ReadonlyMap<string, HeaderDraft>, components: Components): JsonSchema {
  const all = [['X-Request-Id', requestId] as const, ...headers]
  return Object.fromEntries(all.map(([name, header]) => [name, components.share('headers', name, { ...header }).reference]))
}
