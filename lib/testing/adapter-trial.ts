import type { Api } from '../api.js'
import type { Awaitable } from '../state/state-store.js'
import type { KitApi } from './adapter-api.js'
import type { ReceivedAnswer, SentRequest } from './wire.js'

/** A server that runs an API behind an adapter. */
export interface AdapterServer {
  /** `http://127.0.0.1:4711` */
  readonly url: string
  /** Ends the server and every connection to it. */
  close(): Awaitable<void>
  /** Sends a request in another way than HTTP/1.1 over a socket. @default over a socket */
  send?(request: SentRequest): Promise<ReceivedAnswer>
}

/** What else the server that a case asks for does. */
export interface AdapterServerOptions {
  /**
   * Whether the host answers what the API leaves to it: everything with status 418, and as its body the body that was sent. Otherwise the API
   * answers everything.
   */
  readonly fallthrough: boolean
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
   * reading of it is. @default true
   */
  readonly rawTarget?: boolean
  /** Whether the adapter sees that headers were sent twice; without, any refusal of them will do. @default true */
  readonly rawHeaders?: boolean
  /** Whether the host refuses malformed targets, hosts and unknown methods in words of its own, before the adapter. @default false */
  readonly refusesFirst?: boolean
  /** The address that handlers are to see. @default '127.0.0.1' */
  readonly address?: string
}

/** One server of one case. */
export interface Trial extends KitApi {
  readonly url: string
  readonly send: (request: SentRequest) => Promise<ReceivedAnswer>
}

/** Runs one case with an API and a server of its own. */
export type Try = (
  act: (trial: Trial) => Promise<void>,
  options?: { readonly fallthrough?: boolean; readonly timeout?: number },
) => () => Promise<void>
