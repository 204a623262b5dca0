// Loaded into each contender before its own program: tells the benchmark, when asked, what the process has used so far.

/** What a process has used since it began. */
export interface ProcessUse {
  /** Microseconds of CPU time, its own and the system's on its behalf. */
  readonly cpu: number
  /** Bytes. */
  readonly memory: number
}

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpu: user + system, memory: process.memoryUsage.rss() } satisfies ProcessUse)
})
// A benchmark that was killed cannot end its servers.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
// It must not keep alive a server that has ended.
process.channel?.unref()
