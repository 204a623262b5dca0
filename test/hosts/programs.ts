import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { mkdir, writeFile } from 'node:fs/promises'
import { RunningHost } from './running.js'

/** The hosts are installed in a folder of their own: `npm run test:hosts`. */
const folder = new URL('../../../test/hosts/', import.meta.url)
const { resolve } = createRequire(folder)
const built = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const { platform, arch } = process

/** As npm has put it there: no script of a package needs to have run. */
const bun = () => resolve(`@oven/bun-${platform}-${arch === 'arm64' ? 'aarch64' : arch}/bin/bun`)
const deno = () => resolve(`@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}/deno`)
const workerd = () => resolve(`@cloudflare/workerd-${platform}-${arch === 'x64' ? '64' : arch}/bin/workerd`)

const listening = /listening on http:\/\/127\.0\.0\.1:(\d+)/

export const startBun = () => RunningHost.start(bun(), [built('bun.js')], listening)

export const startDeno = () => RunningHost.start(deno(), ['run', '--no-lock', '--allow-all', built('deno.js')], listening)

/** Bundled as for an upload, in one module. */
export async function startWorkers(): Promise<RunningHost> {
  await build({
    entryPoints: [built('workers.js')],
    outfile: built('workers/bundle.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    conditions: ['workerd'],
    logLevel: 'error',
    // Packages of CommonJS require Node's modules, which a bundle of ESM imports.
    banner: { js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire('/');" },
  })
  await mkdir(built('workers'), { recursive: true })
  await writeFile(built('workers/config.capnp'), workersConfiguration)
  return RunningHost.start(workerd(), ['serve', '--control-fd=1', built('workers/config.capnp')], /"port":(\d+)/)
}

const workersConfiguration = `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "api", worker = .api)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "api")]
);

const api :Workerd.Worker = (
  modules = [(name = "bundle.mjs", esModule = embed "bundle.mjs")],
  compatibilityDate = "2026-11-01"
);
`
