import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'

interface Holder {
  readonly pid: number
  readonly host: string
  /** When the process began, as the system tells it: another process may get the same number. Empty where it does not tell. */
  readonly began: string
}

/** Keeps a file to one process. */
export interface FileLock {
  release(): void
}

/**
 * Makes the file `path`, which says who holds it. Throws where another living process does; one that has ended holds nothing. Of a holder
 * on another host nobody here can tell, so it counts as living.
 */
export function lockFile(path: string): FileLock {
  const own = JSON.stringify({ pid: process.pid, host: hostname(), began: beginningOf(process.pid) } satisfies Holder)
  while (!isTaken(path, own)) takeAway(path, own)
  return { release: () => release(path, own) }
}

/** Nobody sees a lock without its holder's name: the file is written under another name first. */
function isTaken(path: string, own: string): boolean {
  const draft = `${path}.${process.pid}.new`
  writeFileSync(draft, own, { mode: 0o600 })
  try {
    linkSync(draft, path)
    return true
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
    return false
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Takes away the lock of a process that has ended. Throws where it lives. */
function takeAway(path: string, own: string): void {
  const text = contentOf(path)
  if (text === undefined) return
  const holder = holderIn(text)
  if (text === own) throw new Error(`${path} is held by this process already: one sink writes one file`)
  if (holder !== undefined && lives(holder)) {
    const who = `process ${holder.pid} on ${holder.host}`
    throw new Error(`${who} holds ${path}: a log with a chain or rotation has one writer. Where that process is gone, remove the file`)
  }
  const aside = `${path}.${process.pid}`
  renameSync(path, aside)
  const isOther = contentOf(aside) !== text
  // In between another process took it over: give it back, and lose.
  if (isOther) linkSync(aside, path)
  rmSync(aside, { force: true })
}

function release(path: string, own: string): void {
  if (contentOf(path) === own) rmSync(path, { force: true })
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw thrown
  }
}

function holderIn(text: string): Holder | undefined {
  try {
    const { pid, host, began } = JSON.parse(text) as Holder
    return Number.isSafeInteger(pid) && pid > 0 ? { pid, host, began } : undefined
  } catch {
    // A crash of the machine may leave an empty file behind.
    return undefined
  }
}

function lives({ pid, host, began }: Holder): boolean {
  if (host !== hostname()) return true
  try {
    process.kill(pid, 0)
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM' && isSameProcess(pid, began)
  }
  return isSameProcess(pid, began)
}

function isSameProcess(pid: number, began: string): boolean {
  const now = beginningOf(pid)
  return now === '' || began === '' || now === began
}

/** The time of a process's beginning in ticks since the machine's, with the machine's own; empty where there is no /proc. */
function beginningOf(pid: number): string {
  try {
    // Behind the name, which may have spaces and brackets, the 20th field.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? []
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}:${fields[19] ?? ''}`
  } catch {
    return ''
  }
}
