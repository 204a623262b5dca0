/** Milliseconds that the process may take to end when the last test has. */
const patience = 10_000

/** A test that leaves a connection or a timer behind fails the run, instead of keeping it from ever ending. */
export function mochaGlobalTeardown(): void {
  setTimeout(() => {
    console.error('the tests have ended, and the process has not: something was left open:', process.getActiveResourcesInfo())
    // Mocha says at the exit how many tests failed, whatever was said before.
    process.once('exit', () => (process.exitCode = 1))
    process.exit()
  }, patience).unref()
}
