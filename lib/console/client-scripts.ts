import { readFileSync } from 'node:fs'

/** The modules of the page's program, which are compiled apart. */
const names = ['console.js', 'chart.js', 'elements.js', 'events.js', 'panels.js', 'routes.js', 'source.js', 'times.js']

/** The page's program, by file: read once, when the controller is made. */
export function clientScripts(): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [name, readFileSync(new URL(`./client/${name}`, import.meta.url), 'utf8')]))
}
