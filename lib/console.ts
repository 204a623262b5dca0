export { securityConsole } from './console/console.js'
export type { ConsoleOptions } from './console/console.js'
export type { ChainStatus } from './console/chain.js'
