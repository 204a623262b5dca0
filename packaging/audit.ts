import { advisoriesIn, outdatedIn, signaturesIn } from './findings.js'
import type { Finding } from './findings.js'
import { heldBack } from './held-back.js'
import { npm } from './npm.js'
import { withShippedTree } from './shipped-tree.js'

/**
 * Asks the registry about everything that is installed: advisories, signatures, newer versions. Fails (1) where something was found; where the
 * registry does not answer it says so, and fails (2) with `--strict`.
 */
async function main(): Promise<void> {
  const findings: ReadonlyArray<readonly [string, Finding]> = [
    ['advisories, shipped', advisoriesIn(await withShippedTree((folder) => npm(['audit', '--json', '--package-lock-only'], folder)))],
    ['advisories, all', advisoriesIn(await npm(['audit', '--json', '--package-lock-only']))],
    ['signatures', signaturesIn(await npm(['audit', 'signatures', '--json']))],
    ['outdated', outdatedIn(await npm(['outdated', '--json']))],
  ]
  for (const [name, { state, text }] of findings) console.log(`${name.padEnd(20)} ${state.padEnd(11)} ${text}`)
  for (const [name, reason] of Object.entries(heldBack)) console.log(`held back            ${name}: ${reason}`)
  const states = findings.map(([, { state }]) => state)
  if (states.includes('found')) process.exitCode = 1
  else if (states.includes('unanswered') && process.argv.includes('--strict')) process.exitCode = 2
}

await main()
