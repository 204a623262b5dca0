import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

/** The hosts are installed in a folder of their own: `npm run test:hosts`. */
export const folder = new URL('../../../test/hosts/', import.meta.url)

/** The path of a file of a package that is installed there. */
export const { resolve: installedFile } = createRequire(folder)

/** Loads a package that is installed there. The compiler does not see it: the build must do without. */
export async function installed<Module>(name: string): Promise<Module> {
  return (await import(pathToFileURL(installedFile(name)).href)) as Module
}
