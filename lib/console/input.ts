import type { StandardSchemaV1 } from '@standard-schema/spec'

type Texts = Readonly<Record<string, unknown>>

/** What of a listener's headers is read. */
export interface ListenerHeaders {
  /** The event that the listener has last, where it listened before. */
  readonly lastEventId: string | undefined
}

/** Which part of the page's program is asked for. */
export interface ScriptParams {
  readonly script: string
}

/** Takes `Last-Event-ID` where it may be one of ours. Any other says nothing, and the listener gets everything that is kept. */
export const listenerHeaders: StandardSchemaV1<unknown, ListenerHeaders> = schema((headers) => {
  const sent = headers['last-event-id']
  return { lastEventId: typeof sent === 'string' && /^[0-9a-f]{12}-\d{1,15}$/.test(sent) ? sent : undefined }
})

/** Takes any name: of those that there are not, the answer says so. */
export const scriptParams: StandardSchemaV1<unknown, ScriptParams> = schema(({ script }) => ({ script: String(script) }))

function schema<T>(read: (texts: Texts) => T): StandardSchemaV1<unknown, T> {
  return { '~standard': { version: 1, vendor: 'console', validate: (texts) => ({ value: read(texts as Texts) }) } }
}
