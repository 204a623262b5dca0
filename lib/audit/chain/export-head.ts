import { isPromiseLike } from '../../promise.js'
import { replaceFile } from '../file-system.js'
import type { FileSystem } from '../file-system.js'

/** Writes a head to the file of that name, whole or not at all, or hands it over. */
export async function exportHead(to: string | ((head: string) => void | Promise<void>), head: string, files: FileSystem): Promise<void> {
  if (typeof to === 'string') {
    replaceFile(files, to, `${head}\n`)
    return
  }
  const sent = to(head)
  if (isPromiseLike(sent)) await sent
}
