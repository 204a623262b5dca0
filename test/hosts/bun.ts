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

const fetch = stage<BunServer>((request, server) => ({ remoteAddress: server.requestIP(request)?.address }))
const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch })
console.log(`listening on ${server.url.origin}`)
process.once('SIGTERM', () => void server.stop())
