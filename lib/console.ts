export { securityConsole } from './console/console.js'
export type { ConsoleOptions } from './console/console.js'
export type { ChainStatus, CheckedChain } from './console/chain.js'
