import type { Noticed } from './finding.js'

/** What is read of `package.json`. */
export interface Manifest {
  readonly [section: string]: unknown
}

/** What `package-lock.json` says of one package. */
interface LockedPackage extends Manifest {
  readonly resolved?: string
  readonly integrity?: string
  readonly hasInstallScript?: boolean
  readonly dev?: boolean
  readonly link?: boolean
  readonly inBundle?: boolean
}

const sections = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const
const place = 'package-lock.json'

/** Whether the lock file says what is installed, to the byte, and what would run. `lock` is undefined where there is none. */
export function lockFindings(manifest: Manifest, lock: string | undefined): readonly Noticed[] {
  const packages = lock === undefined ? undefined : packagesIn(lock)
  if (packages === undefined) {
    const problem =
      lock === undefined ? 'each installation may get other code' : 'it cannot be read, or npm before version 7 has written it'
    return [{ rule: 'lock-missing', place, problem, mend: 'run npm install, and commit the file' }]
  }
  return [...stepFindings(manifest, packages['']), ...proofFindings(packages), ...scriptFindings(packages)]
}

type Packages = Readonly<Record<string, LockedPackage>>

function packagesIn(lock: string): Packages | undefined {
  try {
    const { packages } = JSON.parse(lock) as { readonly packages?: unknown }
    return typeof packages === 'object' && packages !== null ? (packages as Packages) : undefined
  } catch {
    return undefined
  }
}

function stepFindings(manifest: Manifest, root: LockedPackage | undefined): readonly Noticed[] {
  const apart = sections.flatMap((section) => {
    const wanted = rangesIn(manifest[section])
    const locked = rangesIn(root?.[section])
    return [...new Set([...wanted.keys(), ...locked.keys()])].filter((name) => wanted.get(name) !== locked.get(name))
  })
  if (apart.length === 0) return []
  const problem = `${some(apart)}: package.json and the lock file ask for different versions`
  return [{ rule: 'lock-out-of-step', place, problem, mend: 'run npm install, commit the file, and install by npm ci' }]
}

function rangesIn(section: unknown): ReadonlyMap<string, string> {
  return new Map(Object.entries((section ?? {}) as Readonly<Record<string, string>>))
}

function proofFindings(packages: Packages): readonly Noticed[] {
  const fetched = Object.entries(packages).filter(([path, { link }]) => path.includes('node_modules/') && link !== true)
  const unproved = fetched.filter(([, { integrity, resolved, inBundle }]) => {
    return inBundle !== true && (integrity === undefined || resolved?.startsWith('http://') === true)
  })
  if (unproved.length === 0) return []
  const problem = `${some(unproved.map(([path]) => nameOf(path)))}: whatever the registry sends is taken`
  return [{ rule: 'lock-unproved', place, problem, mend: 'delete the entries and run npm install against a registry over HTTPS' }]
}

function scriptFindings(packages: Packages): readonly Noticed[] {
  return Object.entries(packages)
    .filter(([path, { hasInstallScript }]) => path !== '' && hasInstallScript === true)
    .map(([path, { dev }]) => ({
      ...({ rule: 'dependency-script', severity: dev === true ? 'info' : 'low', place: nameOf(path) } as const),
      problem: 'it may do what it likes on the machine that installs it',
      mend: 'install by npm ci --ignore-scripts, and run those scripts that are needed by name',
    }))
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
}

const mostNamed = 5

/** `a, b, c and 4 more` */
export function some(names: readonly string[]): string {
  const more = names.length - mostNamed
  return `${names.slice(0, mostNamed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
