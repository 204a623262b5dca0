// NestJS on Fastify.
import fastifyHelmet from '@fastify/helmet'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { announce, bodyLimit, endOnSignal, environment, helmetOptions, host, port } from '../contract.js'
import type { Claims } from '../contract.js'
import { actionOf, winstonLog } from './log.js'
import { ordersModule } from './nest-app.js'

const log = winstonLog(environment().logFile)
const app = await NestFactory.create<NestFastifyApplication>(ordersModule, new FastifyAdapter({ bodyLimit }), { logger: false })
await app.register(fastifyHelmet, helmetOptions)
app
  .getHttpAdapter()
  .getInstance()
  .addHook('onResponse', (request, reply, done) => {
    const { method, url, ip, headers } = request
    const subject = (request as { readonly user?: Claims }).user?.sub
    const { statusCode: status, elapsedTime: duration } = reply
    log.write({ method, path: url, status, duration, ip, action: actionOf(method), subject, headers })
    done()
  })
await app.listen(port, host)
const server = app.getHttpServer()
announce(server)
endOnSignal(server, log.flush)
