import { readFileSync, readdirSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Takes the names of source maps out of all modules of a folder: the maps are not shipped, and bundlers warn of those that are missing. */
export function forgetSourceMaps(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((one) => one.endsWith('.js'))) {
    const file = join(folder, name)
    const text = readFileSync(file, 'utf8')
    const without = text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n')
    if (without !== text) writeFileSync(file, without)
  }
}

// The folders that `npm pack` and `npm publish` are about to take.
const program = process.argv[1]
if (program !== undefined && realpathSync(program) === fileURLToPath(import.meta.url)) process.argv.slice(2).forEach(forgetSourceMaps)
