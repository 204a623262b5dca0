import { randomBytes } from 'node:crypto'
import { Authenticated, Controller, Get, bearer } from 'portcullis'

@Controller('/orders')
export class OrdersController {
  @Get('/')
  @Authenticated()
  list() {
    return []
  }
}

export const authentication = bearer({
  issuer: 'https://auth.example.com',
  audience: 'https://api.example.com',
  keys: [{ algorithm: 'HS256', secret: randomBytes(32) }],
})
