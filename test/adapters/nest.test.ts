import 'reflect-metadata'
import { Body, Controller, Get, Module, Post } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { expect } from 'chai'
import { express } from '../../adapters/express.js'
import { fixture } from './fixture.js'

@Controller('/legacy')
class LegacyController {
  @Get()
  list() {
    return { from: 'Nest' }
  }

  @Post()
  create(@Body() body: unknown) {
    return { from: 'Nest', body }
  }
}

@Module({ controllers: [LegacyController] })
class AppModule {}

describe('beside NestJS', () => {
  it('answers its own routes in front of Nest, and leaves Nest the rest', async () => {
    const { api } = fixture()
    const app = await NestFactory.create(AppModule, { logger: false })
    app.use(express(api))
    await app.listen(0, '127.0.0.1')
    const url = await app.getUrl()
    const post = (path: string, body: string) =>
      fetch(`${url}${path}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
    try {
      expect(await (await fetch(`${url}/things?page=2`)).json()).to.deep.equal({ page: 2 })
      expect((await post('/things', '{"name":"a"}')).status).to.equal(201)
      // Portcullis, not Nest's parser of bodies, has read it.
      expect((await post('/things', '{"name":')).headers.get('content-type')).to.equal('application/problem+json')
      expect(await (await fetch(`${url}/legacy`)).json()).to.deep.equal({ from: 'Nest' })
      expect(await (await post('/legacy', '{"mine":true}')).json()).to.deep.equal({ from: 'Nest', body: { mine: true } })
      expect((await fetch(`${url}/nothing`)).status).to.equal(404)
    } finally {
      await app.close()
      await api.close()
    }
  })
})
