import type { DescribedRoute } from '../inventory.js'
import type { JsonSchema } from '../json-schema.js'
import { descriptionKind, tokenFlowsKind } from '../operation.js'
import type { ParameterDraft, RouteDescription, TokenFlows } from '../operation.js'
import { Components } from './components.js'
import { Draft } from './draft.js'
import { documentIdempotency } from './idempotency.js'
import { pathTemplates } from './paths.js'
import type { Template } from './paths.js'
import { responsesOf } from './responses.js'
import { securityOf } from './security.js'

/** What declarations cannot say of an API. */
export interface OpenApiOptions {
  /** Its name and version, and whatever else the Info Object of OpenAPI may hold. */
  readonly info: { readonly title: string; readonly version: string; readonly [field: string]: unknown }
  /** Where it is to be had. @default where the document comes from */
  readonly servers?: ReadonlyArray<{ readonly url: string; readonly [field: string]: unknown }>
}

/** A document of OpenAPI 3.1. */
export interface OpenApiDocument {
  readonly openapi: '3.1.1'
  readonly info: OpenApiOptions['info']
  readonly servers?: OpenApiOptions['servers']
  readonly tags: ReadonlyArray<{ readonly name: string }>
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>
  readonly components: JsonSchema
}

/** Writes the document of all routes that are not hidden. */
export function documentOf(routes: readonly DescribedRoute[], { info, servers }: OpenApiOptions): OpenApiDocument {
  const components = new Components()
  const flows = flowsIn(routes)
  const templates = pathTemplates(routes.map(({ setup }) => setup))
  const ids = new Set<string>()
  const paths: Record<string, Record<string, JsonSchema>> = {}
  const told = routes.map((route) => ({ route, about: descriptionOf(route) })).filter(({ about }) => about.hidden !== true)
  for (const { route, about } of told.toSorted(byPath)) {
    const template = templates(route.setup)
    const operation = operationOf(route, { about, template, flows, components, ids })
    paths[template.path] = { ...paths[template.path], [route.setup.method.toLowerCase()]: operation }
  }
  const tags = [...new Set(Object.values(paths).flatMap((item) => Object.values(item).flatMap(({ tags }) => tags as readonly string[])))]
  return {
    openapi: '3.1.1',
    info,
    ...(servers === undefined ? {} : { servers }),
    tags: tags.toSorted().map((name) => ({ name })),
    paths,
    components: components.written(),
  }
}

type Told = { readonly route: DescribedRoute }

function byPath({ route: { setup: one } }: Told, { route: { setup: other } }: Told): number {
  return one.path === other.path ? 0 : one.path < other.path ? -1 : 1
}

/** What is said of a route and its classes; the nearest of each part. */
function descriptionOf({ setup: { policy } }: DescribedRoute): RouteDescription {
  return Object.assign({}, ...policy.all(descriptionKind).map(({ value }) => value)) as RouteDescription
}

function flowsIn(routes: readonly DescribedRoute[]): readonly TokenFlows[] {
  return [...new Set(routes.flatMap(({ setup: { policy } }) => policy.nearest(tokenFlowsKind) ?? []))]
}

interface Surroundings {
  readonly about: RouteDescription
  readonly template: Template
  readonly flows: readonly TokenFlows[]
  readonly components: Components
  /** Those that are taken. */
  readonly ids: Set<string>
}

function operationOf(route: DescribedRoute, { about, template, flows, components, ids }: Surroundings): JsonSchema {
  const draft = new Draft(components)
  route.document(draft)
  documentIdempotency(route.facts['idempotency'], draft)
  draft.refusal({ status: 500, code: 'internal-error' })
  draft.refusal({ status: 503, code: 'timeout' })
  for (const [status, code] of about.errors ?? []) draft.refusal({ status, code })
  const { policy } = route.setup
  const controller = policy.controller.name
  if (template.hasRest) draft.note('The last parameter is the rest of the path, slashes included.')
  const parameters = draft.parameters.map((one) => parameterOf(one, template))
  return {
    operationId: unusedId(route.setup.name, ids),
    summary: about.summary ?? inWords(policy.member),
    description: [about.description, ...draft.notes].filter((one) => one !== undefined).join('\n\n') || inWords(policy.member),
    tags: about.tags ?? [controller.replace(/Controller$/, '') || controller],
    ...(about.deprecated === true ? { deprecated: true } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...bodyOf(draft),
    responses: responsesOf(draft, about.status, components),
    // Of a public route it is empty, which says that nothing is needed.
    security: securityOf(draft, flows, components),
    ...Object.fromEntries(draft.extensions),
  }
}

function parameterOf({ in: place, name, required, schema }: ParameterDraft, template: Template): JsonSchema {
  const { description, ...own } = schema
  const said = typeof description === 'string' ? { description } : {}
  return { name: place === 'path' ? template.nameOf(name) : name, in: place, ...(required ? { required } : {}), ...said, schema: own }
}

function bodyOf({ wanted }: Draft): JsonSchema {
  if (wanted?.schema === undefined) return {}
  const { mediaType = 'application/json', schema, required = false } = wanted
  return { requestBody: { required, content: { [mediaType]: { schema } } } }
}

/** `OrdersController.create`; of a method that answers several routes, with a number from the second on. */
function unusedId(name: string, ids: Set<string>): string {
  let id = name
  for (let number = 2; ids.has(id); number += 1) id = `${name}-${number}`
  ids.add(id)
  return id
}

/** `changeAddress` as `Change address` */
function inWords(name: string): string {
  const words = name.replaceAll(/(?<=[a-z\d])[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`)
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}
