import { stage } from './stage.js'

/** As docs/adapters.md tells it: the target without its host, which Next.js makes up, and no word of headers that a client can send. */
export const { handler } = stage<unknown>(({ url }) => ({
  remoteAddress: undefined,
  encrypted: false,
  target: url.slice(new URL(url).origin.length),
}))
