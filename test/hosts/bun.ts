import { stage } from './stage.js'

interface BunServer {
  readonly url: URL
  requestIP(request: Request): { readonly address: string } | null
  stop(): Promise<void>
}

declare const Bun: {
  serve(options: {
    readonly port: number
    readonly hostname: string
    readonly fetch: (request: Request, server: BunServer) => Promise<Response>
  }): BunServer
}

const { handler: fetch, close } = stage<BunServer>((request, server) => ({ remoteAddress: server.requestIP(request)?.address }))
const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch })
console.log(`listening on ${server.url.origin}`)

async function stop(): Promise<void> {
  await server.stop()
  await close()
}
process.once('SIGTERM', () => void stop())
