import { stage } from './stage.js'

const { handler } = stage((request) => ({ remoteAddress: request.headers.get('CF-Connecting-IP') ?? undefined }))

export default { fetch: handler }
