import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execute, repository } from '../../packaging/tarball.js'
import { tarball, temporary } from './tarball.js'

interface Manifest {
  readonly version: string
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly sideEffects: readonly string[]
}

export const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as Manifest

/** What can be imported, such as `portcullis/express`. */
export const entries: readonly string[] = Object.keys(manifest.exports)
  .filter((path) => path !== './package.json')
  .map((path) => path.replace('.', 'portcullis'))

const repositoryModules = join(repository, 'node_modules')

/** What a project is made of. */
export interface ProjectOptions {
  /** @default 'module' */
  readonly type?: 'module' | 'commonjs'
  /** What is installed besides the package and what it depends on: names, or `name@folder` for one that lies under another name. */
  readonly packages?: readonly string[]
  /** Where what is installed besides lies. @default the repository's `node_modules` */
  readonly from?: string
  /** Texts by the paths that they are written to. */
  readonly files?: Readonly<Record<string, string>>
}

/** A project in a folder of its own that has the packed package, the dependencies which that declares, and nothing else. */
export class Project {
  private constructor(readonly folder: string) {}

  static async make({ type = 'module', packages = [], files = {}, from = repositoryModules }: ProjectOptions = {}): Promise<Project> {
    const folder = mkdtempSync(join(temporary, 'project-'))
    const project = new Project(folder)
    project.write('package.json', JSON.stringify({ name: 'consumer', private: true, type }))
    for (const [path, text] of Object.entries(files)) project.write(path, text)
    await project.install(join(folder, 'node_modules/portcullis'))
    for (const name of Object.keys(manifest.dependencies)) project.#link(name, repositoryModules)
    for (const name of packages) project.#link(name, name.startsWith('@types/') ? repositoryModules : from)
    return project
  }

  /** Puts a copy of the package into a folder. */
  async install(target: string): Promise<void> {
    mkdirSync(target, { recursive: true })
    await execute('tar', ['-xzf', await tarball(), '--strip-components=1', '-C', target])
  }

  write(path: string, text: string): void {
    const file = join(this.folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  /** Runs node; answers what was printed, to both streams. */
  node(...args: readonly string[]): Promise<string> {
    return this.#run(process.execPath, args)
  }

  /** Runs the repository's TypeScript compiler. */
  tsc(...args: readonly string[]): Promise<string> {
    return this.node(join(repositoryModules, 'typescript/bin/tsc'), ...args)
  }

  async #run(program: string, args: readonly string[]): Promise<string> {
    // What mocha and c8 say of themselves is not for what they start.
    const { NODE_OPTIONS: _options, NODE_V8_COVERAGE: _coverage, ...environment } = process.env
    try {
      const { stdout, stderr } = await execute(program, [...args], { cwd: this.folder, env: environment })
      return `${stdout}${stderr}`
    } catch (thrown) {
      const { stdout, stderr } = thrown as { readonly stdout: string; readonly stderr: string }
      return `${stdout}${stderr}`
    }
  }

  #link(wanted: string, modules: string): void {
    const [, name = wanted, from = wanted] = /^(.+)@(.+)$/.exec(wanted) ?? []
    const link = join(this.folder, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(modules, from), link)
  }
}

/** Work that is done two at a time, in the order in which it came. */
const running = new Set<Promise<unknown>>()
let queue: Promise<unknown> = Promise.resolve()

/** Does work as soon as fewer than two others are at it. */
export async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const free = queue.then(() => (running.size < 2 ? undefined : Promise.race(running)))
  let started!: () => void
  queue = new Promise<void>((resolve) => (started = resolve))
  await free
  const done = work()
  const settled = done.then(
    () => undefined,
    () => undefined,
  )
  running.add(settled)
  void settled.then(() => running.delete(settled))
  started()
  return done
}
