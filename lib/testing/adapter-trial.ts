import type { Api } from '../api.js'
import type { Awaitable } from '../state/state-store.js'
import type { ConformanceApi, ConformanceApiOptions, ConformanceSeen } from './adapter-api.js'
import type { ReceivedAnswer, SentRequest } from './wire.js'

/** A server that runs an API behind an adapter. */
export interface AdapterServer {
  /** `http://127.0.0.1:4711` */
  readonly url: string
  /** Ends the server and every connection to it. */
  close(): Awaitable<void>
  /** Sends a request in another way than HTTP/1.1 over a socket. @default over a socket */
  send?(request: SentRequest): Promise<ReceivedAnswer>
  /**
   * What the API has seen, where the server has made it in a process of its own, by `conformanceApi`.
   * @default what the API has seen that `start` was given
   */
  seen?(): Promise<ConformanceSeen>
}

/** What else the server that a case asks for does. */
export interface AdapterServerOptions {
  /**
   * Whether the host answers what the API leaves to it: everything with status 418, and as its body the body that was sent. Otherwise the API
   * answers everything.
   */
  readonly fallthrough: boolean
  /** For a server in a process of its own: what `conformanceApi` makes the same API of. */
  readonly api: ConformanceApiOptions
}

/** Starts a server for one case. */
export type StartAdapterServer = (api: Api, options: AdapterServerOptions) => Awaitable<AdapterServer>

/** What a host lets its adapter do, where it does not let it do all. */
export interface AdapterAbilities {
  /** Whether the server speaks HTTP/1.1 at its `url`; without, its servers have a `send`, and what needs a socket is not tried. @default true */
  readonly sockets?: boolean
  /** Whether the host can answer what the API leaves to it. @default true */
  readonly fallthrough?: boolean
  /**
   * Whether the adapter sees the target as it was sent. Without, a target that is refused for its form alone may be answered as the host's
   * reading of it is, and a query may be written in another way. @default true
   */
  readonly rawTarget?: boolean
  /**
   * Whether the adapter sees that headers were sent twice; without, any refusal of them will do. `'first'`: the host drops all but the first,
   * and the request is answered as the one without them. @default true
   */
  readonly rawHeaders?: boolean | 'first'
  /** Whether the host refuses malformed targets, hosts and unknown methods in words of its own, before the adapter. @default false */
  readonly refusesFirst?: boolean
  /**
   * Whether the host redirects a target with a slash too many, a backslash or a host in it to its own reading of it, before the adapter.
   * @default false
   */
  readonly redirectsFirst?: boolean
  /**
   * Headers, in lower case, that the host sets or adds values to by itself, such as `vary`; `content-length`, where it leaves that out, and sends
   * whole bodies in chunks. @default none
   */
  readonly ownHeaders?: readonly string[]
  /**
   * Whether the host refuses a request of HTTP/1.1 without `Host`, or lets its adapter do so. Without, it names a host by itself, and the request is
   * answered. @default true
   */
  readonly requiresHost?: boolean
  /**
   * Whether the host ends a connection whose answer says `Connection: close`. Without, it leaves that to the client, and goes on to answer what
   * comes behind a request whose framing the API has refused: the host alone answers for where requests end. @default true
   */
  readonly endsConnections?: boolean
  /**
   * Whether the host tells, while a handler runs, that its client has left. Without, the handler goes on until the time limit of its route.
   * `'first'`: of requests that were sent together, only the first is told, and what the answers of the others hold stays open.
   * @default true
   */
  readonly tellsOfLeaving?: boolean | 'first'
  /** Whether the host says of a 205 that its body is empty. Without, clients wait for the rest of it, and none is tried. @default true */
  readonly frames205?: boolean
  /** The address that handlers are to see. @default '127.0.0.1' */
  readonly address?: string
}

/** One server of one case. */
export interface Trial {
  /** The same API without a host. */
  readonly api: ConformanceApi['api']
  readonly options: ConformanceApiOptions
  readonly url: string
  /** What the API behind the host has seen so far. */
  readonly seen: () => Promise<ConformanceSeen>
  readonly send: (request: SentRequest) => Promise<ReceivedAnswer>
}

/** Runs one case with an API and a server of its own. */
export type Try = (
  act: (trial: Trial) => Promise<void>,
  options?: { readonly fallthrough?: boolean; readonly timeout?: number },
) => () => Promise<void>
