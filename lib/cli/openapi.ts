import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { openApiDocument } from '../openapi/openapi.js'
import { optional, UsageError } from './command.js'
import type { Command } from './command.js'
import { moduleArgument, withApi } from './load-api.js'

/** Describes an API in OpenAPI 3.1. */
export const openapi: Command = {
  name: 'openapi',
  summary: 'Describe an API in OpenAPI 3.1',
  description: 'Prints the OpenAPI 3.1 document of the API, as JSON, from the declarations that protect it.',
  examples: [
    'portcullis openapi dist/api.js > openapi.json',
    "portcullis openapi src/api.ts --title 'Orders' --version 2.1.0 --server https://api.example.com",
  ],
  arguments: [moduleArgument],
  options: {
    title: { value: '<text>', description: 'What the API is called (default: the name in the nearest package.json)' },
    version: { value: '<text>', description: 'Its version (default: that in the nearest package.json)' },
    server: { value: '<url>', repeats: true, description: 'Where it is to be had; again for more' },
  },
  async run(values, [file = '']) {
    const manifest = nearestManifest(dirname(resolve(file)))
    const title = optional(values, 'title') ?? manifest.name
    const version = optional(values, 'version') ?? manifest.version
    if (title === undefined) throw new UsageError('--title is missing, and no package.json has a name')
    if (version === undefined) throw new UsageError('--version is missing, and no package.json has one')
    const servers = values['server']?.map((url) => ({ url }))
    const options = { info: { title, version }, ...(servers === undefined ? {} : { servers }) }
    const document = await withApi(file, (api) => openApiDocument(api, options))
    return { output: JSON.stringify(document, undefined, 2), notes: [] }
  },
}

interface Manifest {
  readonly name?: string
  readonly version?: string
}

function nearestManifest(directory: string): Manifest {
  try {
    const { name, version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest
    return { ...(typeof name === 'string' ? { name } : {}), ...(typeof version === 'string' ? { version } : {}) }
  } catch {
    const parent = dirname(directory)
    return parent === directory ? {} : nearestManifest(parent)
  }
}
