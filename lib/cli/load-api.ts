import { existsSync, statSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Api } from '../api.js'
import { lookingAt } from '../looked-at.js'
import { CommandError } from './command.js'

/** What a command is told of its argument MODULE. */
export const moduleArgument = {
  name: 'MODULE',
  description: 'The file (JavaScript or TypeScript) that exports the API, or what makes it, as api or by default',
} as const

/**
 * The API that a module exports as `api` or by default: itself, a promise of it, or a function that gives either. TypeScript is read by
 * Node where it can, else by tsx where that is installed. Throws `CommandError` where there is none.
 */
async function loadApi(file: string): Promise<Api> {
  const path = resolve(file)
  if (!existsSync(path)) throw new CommandError(`there is no file ${file}`)
  if (statSync(path).isDirectory()) throw new CommandError(`${file} is a folder: name the file that exports the API`)
  const loaded = await load(path, file)
  for (const name of ['api', 'default']) {
    const made = await madeOf(loaded[name], file)
    if (isApi(made)) return made
  }
  throw new CommandError(`${file} exports no API: export const api = createApi({ … }), in a module that starts no server`)
}

/** What `about` says of the API of a module, which is closed afterwards. Its log, which may be that of a server at work, is told of neither. */
export async function withApi<T>(file: string, about: (api: Api) => T | Promise<T>): Promise<T> {
  const api = await lookingAt(() => loadApi(file))
  try {
    return await about(api)
  } finally {
    await api.close()
  }
}

async function madeOf(exported: unknown, file: string): Promise<unknown> {
  try {
    return await (typeof exported === 'function' ? (exported as () => unknown)() : exported)
  } catch (thrown) {
    throw new CommandError(`${file} makes no API: ${saidBy(thrown)}`, { cause: thrown })
  }
}

async function load(path: string, file: string): Promise<Readonly<Record<string, unknown>>> {
  const url = pathToFileURL(path).href
  try {
    const needsCompiler = /^\.[cm]?tsx?$/.test(extname(path))
    const loaded = (await (needsCompiler ? compiled(url, file) : import(url))) as Readonly<Record<string, unknown>>
    // A CommonJS module's exports stand under its default.
    const inner = loaded['default']
    return typeof inner === 'object' && inner !== null && !isApi(inner) ? { ...inner, ...loaded } : loaded
  } catch (thrown) {
    if (thrown instanceof CommandError) throw thrown
    throw new CommandError(`${file} cannot be loaded: ${saidBy(thrown)}`, { cause: thrown })
  }
}

/** An API's own mistakes say where they are, in the words of another installed copy too; of any other error only its stack does. */
function saidBy(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  return thrown.name === 'BootError' ? `${thrown.name}: ${thrown.message}` : (thrown.stack ?? thrown.message)
}

/** Node strips types where it can, but leaves decorators as they are: tsx compiles them. */
async function compiled(url: string, file: string): Promise<unknown> {
  const compiler = (await import('tsx/esm/api').catch(() => undefined)) as undefined | { tsImport(url: string, parent: string): unknown }
  if (compiler === undefined)
    throw new CommandError(`${file} is TypeScript: install tsx (npm install --save-dev tsx), or name the compiled file`)
  return compiler.tsImport(url, import.meta.url)
}

function isApi(value: unknown): value is Api {
  return typeof value === 'object' && value !== null && 'inventory' in value && 'limits' in value && 'routes' in value && 'handle' in value
}
