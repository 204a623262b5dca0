import { stage } from './stage.js'

export default { fetch: stage((request) => ({ remoteAddress: request.headers.get('CF-Connecting-IP') ?? undefined })) }
