import fs from 'node:fs'

/** What a log does to files, so that tests can stand in for a disk that is full or fails. */
export type FileSystem = Pick<
  typeof fs,
  'closeSync' | 'fstatSync' | 'fsync' | 'fsyncSync' | 'ftruncateSync' | 'openSync' | 'renameSync' | 'writeSync'
>

/** The system's own. */
export const realFiles: FileSystem = fs

/** Brings the names in a folder to the disk: a new file may be lost otherwise, whatever was done for its content. */
export function syncFolder(files: FileSystem, folder: string): void {
  // Windows cannot open folders, and keeps their names by itself.
  if (process.platform === 'win32') return
  const file = files.openSync(folder, 'r')
  try {
    files.fsyncSync(file)
  } finally {
    files.closeSync(file)
  }
}

/** Writes a small file whole or not at all, mode 0600. */
export function replaceFile(files: FileSystem, path: string, text: string | Uint8Array): void {
  const draft = `${path}.${process.pid}.new`
  const file = files.openSync(draft, 'w', 0o600)
  try {
    const bytes = Buffer.from(text)
    for (let written = 0; written < bytes.length;) written += files.writeSync(file, bytes, written)
    files.fsyncSync(file)
  } finally {
    files.closeSync(file)
  }
  files.renameSync(draft, path)
}
