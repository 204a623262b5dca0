import { stage } from './stage.js'

interface DenoInfo {
  readonly remoteAddr: { readonly hostname: string }
}

interface DenoServer {
  readonly addr: { readonly port: number }
  shutdown(): Promise<void>
}

declare const Deno: {
  serve(
    options: { readonly port: number; readonly hostname: string; readonly onListen: () => void },
    handler: (request: Request, info: DenoInfo) => Promise<Response>,
  ): DenoServer
}

const { handler, close } = stage<DenoInfo>((_request, { remoteAddr }) => ({ remoteAddress: remoteAddr.hostname }))
const server = Deno.serve({ port: 0, hostname: '127.0.0.1', onListen: () => undefined }, handler)
console.log(`listening on http://127.0.0.1:${server.addr.port}`)

async function stop(): Promise<void> {
  await server.shutdown()
  await close()
}
process.once('SIGTERM', () => void stop())
