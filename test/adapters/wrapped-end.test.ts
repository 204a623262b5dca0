import type { ServerResponse } from 'node:http'
import { expect } from 'chai'
import { http } from '../../adapters/http.js'
import { serve } from '../../adapters/serve.js'
import { Controller, Get, Public, createApi } from '../../lib/index.js'
import { createLogger } from '../../lib/audit/logger.js'

@Controller('/things')
class Things {
  @Get('/')
  @Public()
  list() {
    return { price: 'five' }
  }
}

describe('a host that puts other words into answers', () => {
  it('has them sent as UTF-8, though what it was given was ASCII', async () => {
    const api = createApi({ controllers: [Things], https: 'off', audit: { sinks: [] }, logger: createLogger({ silent: true }) })
    const { server, url, close } = await serve(
      (request, response) => {
        const { end } = response
        response.setHeader('X-Host', 'translator')
        response.end = function translated(this: ServerResponse, body: string, encoding: BufferEncoding) {
          this.removeHeader('Content-Length')
          return end.call(this, body.replace('five', '5 € – naïve'), encoding)
        } as ServerResponse['end']
        http(api)(request, response)
      },
      { port: 0 },
    )
    try {
      expect(await (await fetch(`${url}/things`)).json()).to.deep.equal({ price: '5 € – naïve' })
    } finally {
      server.closeAllConnections()
      await close()
      await api.close()
    }
  })
})
