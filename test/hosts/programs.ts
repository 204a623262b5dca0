import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { mkdir, writeFile } from 'node:fs/promises'
import { execute } from '../../packaging/tarball.js'
import { folder, installedFile } from './installed.js'
import { RunningHost } from './running.js'

const built = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const { platform, arch } = process

/** As npm has put it there: no script of a package needs to have run. */
const bun = () => installedFile(`@oven/bun-${platform}-${arch === 'arm64' ? 'aarch64' : arch}/bin/bun`)
const deno = () => installedFile(`@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}/deno`)
const workerd = () => installedFile(`@cloudflare/workerd-${platform}-${arch === 'x64' ? '64' : arch}/bin/workerd`)

const listening = /listening on http:\/\/127\.0\.0\.1:(\d+)/

export const startBun = () => RunningHost.start(bun(), [built('bun.js')], listening)

export const startDeno = () => RunningHost.start(deno(), ['run', '--no-lock', '--allow-all', built('deno.js')], listening)

const next = () => installedFile('next/dist/bin/next')

/** Built as for production. */
export async function startNext(): Promise<RunningHost> {
  const environment = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' }
  const app = fileURLToPath(new URL('next', folder))
  await execute(process.execPath, [next(), 'build', app], { env: environment })
  const options = ['start', app, '--port', '0', '--hostname', '127.0.0.1']
  return RunningHost.start(process.execPath, [next(), ...options], /http:\/\/127\.0\.0\.1:(\d+)/, environment)
}

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
    // Or every stream of the logger tells each of its steps.
    define: { 'process.env.READABLE_STREAM': '"disable"' },
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
