/**
 * A page that shows what protects an API, and what happens there.
 *
 * @module portcullis/console
 */

export { securityConsole } from './console/console.js'
export type { ConsoleOptions } from './console/console.js'
export type { ChainStatus, CheckedChain } from './console/chain.js'
