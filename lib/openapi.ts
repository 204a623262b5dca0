/**
 * A document of OpenAPI 3.1 from the declarations.
 *
 * @module portcullis/openapi
 */

export { Describe } from './openapi/describe.js'
export type { RouteDescription } from './openapi/describe.js'
export type { OpenApiDocument, OpenApiOptions } from './openapi/document.js'
export { openApi, openApiDocument } from './openapi/openapi.js'
export type { OpenApiControllerOptions, OpenApiReaders } from './openapi/openapi.js'
