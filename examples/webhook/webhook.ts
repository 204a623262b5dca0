import { createHmac, randomUUID } from 'node:crypto'
import { outboundFetch } from '../../lib/index.js'
import type { Detection, OutboundOptions } from '../../lib/index.js'

/** Where detections are sent. */
export interface WebhookOptions {
  readonly url: string
  /** What the receiver checks the signature with: 32 random bytes or more. */
  readonly secret: string | Uint8Array
  /** What may be asked: by default HTTPS, at public addresses. */
  readonly outbound?: OutboundOptions
}

/**
 * Posts each detection as JSON, signed so that its receiver can tell it from anybody else's (the scheme of Standard Webhooks:
 * `webhook-id`, `webhook-timestamp`, `webhook-signature`). Give it to `createApi` as `detection: { onDetection: webhook({ url, secret }) }`.
 * Rejects where the receiver does not take it: the API logs that, and the detection stands in its records all the same.
 */
export function webhook({ url, secret, outbound = {} }: WebhookOptions): (detection: Detection) => Promise<void> {
  const fetch = outboundFetch({ timeout: 3_000, maxBytes: 16_384, ...outbound })
  return async function post(detection) {
    const body = JSON.stringify({ type: `detection.${detection.rule}`, timestamp: new Date(detection.at).toISOString(), data: detection })
    const id = `msg_${randomUUID()}`
    const timestamp = String(Math.floor(Date.now() / 1_000))
    const signature = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')
    const { status } = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature}`,
      },
      body,
    })
    if (status < 200 || status > 299) throw new Error(`the webhook answered ${status}`)
  }
}
