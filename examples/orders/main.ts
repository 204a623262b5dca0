import { BootError, createLogger, fileSink, stdoutSink } from '../../lib/index.js'
import { firstCommands, routeTable } from './announcement.js'
import { startOrders } from './start.js'
import { UsageError, readSettings, usage } from './settings.js'
import type { Settings } from './settings.js'

try {
  await start(readSettings(process.argv.slice(2), process.env))
} catch (error) {
  console.error(toText(error))
  // What was opened before the failure would keep the process waiting.
  process.exit(error instanceof UsageError ? 2 : 1)
}

async function start({ auditFile, auditKey, ...settings }: Settings): Promise<void> {
  if (!settings.limits) console.error('warning: rate limits are off (--no-limits), anybody may ask as often as they like')
  const logger = createLogger()
  const file = auditFile === undefined ? undefined : fileSink(auditFile, auditKey === undefined ? {} : { chain: { key: auditKey } })
  const chain = auditKey === undefined ? undefined : file
  const { api, server, close } = await startOrders({ ...settings, sinks: [file ?? stdoutSink()], chain, logger })
  console.log(
    `listening on ${server.url} (${settings.adapter})\n\n${routeTable(api)}\n\n${firstCommands(server.url)}\n\n# the console: ${server.url}/console shows all this to whoever has carol's token\n# for clients: ${server.url}/docs\n`,
  )

  async function stop(signal: string): Promise<void> {
    logger.info('stopping, open requests are answered first', { signal })
    await server.close()
    await close()
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop(signal))
}

function toText(error: unknown): unknown {
  if (error instanceof UsageError) return `${error.message}\n\n${usage}`
  if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return 'the port is taken: choose another with --port, or 0 for a free one'
  return error instanceof BootError ? error.message : error
}
