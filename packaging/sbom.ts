import { withShippedTree } from './shipped-tree.js'
import { execute } from './tarball.js'

/** Prints the bill of materials of what a user installs: CycloneDX, in JSON. */
const { stdout } = await withShippedTree((folder) =>
  execute('npm', ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', '--sbom-type', 'library'], { cwd: folder }),
)
process.stdout.write(stdout)
