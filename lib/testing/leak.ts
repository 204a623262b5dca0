/** What no answer to a stranger may hold: stacks, paths of source files, and words of databases. */
const traces = /\n\s+at |node_modules|\.[cm]?[jt]s:\d+|\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM) \w/

/** What an answer tells of how the server works; undefined where nothing shows. */
export function leakIn(text: string): string | undefined {
  return traces.exec(text)?.[0].trim()
}
