// NestJS on Express.
import { NestFactory } from '@nestjs/core'
import type { NestExpressApplication } from '@nestjs/platform-express'
import type { RequestHandler } from 'express'
import helmet from 'helmet'
import { announce, bodyLimit, endOnSignal, environment, helmetOptions, host, port } from '../contract.js'
import type { Claims } from '../contract.js'
import { actionOf, winstonLog } from './log.js'
import { ordersModule } from './nest-app.js'

const log = winstonLog(environment().logFile)

const logged: RequestHandler = (request, response, next) => {
  const startedAt = performance.now()
  response.on('finish', () => {
    const { method, path, ip, headers } = request
    const subject = (request as { readonly user?: Claims }).user?.sub
    const duration = performance.now() - startedAt
    log.write({ method, path, status: response.statusCode, duration, ip, action: actionOf(method), subject, headers })
  })
  next()
}

const app = await NestFactory.create<NestExpressApplication>(ordersModule, { logger: false, bodyParser: false })
app.use(logged, helmet(helmetOptions))
app.useBodyParser('json', { limit: bodyLimit })
app.disable('x-powered-by')
app.disable('etag')
await app.listen(port, host)
const server = app.getHttpServer()
announce(server)
endOnSignal(server, log.flush)
