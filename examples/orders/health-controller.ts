import { Controller, Get, Public } from '../../lib/index.js'

@Controller('/health', { inject: [] })
export class HealthController {
  @Get('/')
  @Public()
  health() {
    return { status: 'ok' }
  }
}
