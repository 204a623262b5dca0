/** What a release is judged by before anything runs. */
export interface ReleaseState {
  /** What `git status --porcelain` prints. */
  readonly status: string
  readonly tags: readonly string[]
  readonly manifest: { readonly version: string }
  readonly lock: { readonly version: string }
  readonly changelog: string
}

/** What speaks against a release, each with its mend; nothing where all is in step. */
export function releaseMistakes({ status, tags, manifest: { version }, lock, changelog }: ReleaseState): readonly string[] {
  const [, changes] = changelog.split(/^## \[/m)
  const heading = /^(\S+)\] - (\S+)$/m.exec(changes ?? '')
  return [
    status.trim() === '' ? undefined : 'the tree holds changes that are not committed: commit them, or put them away',
    lock.version === version ? undefined : `package-lock.json is of ${lock.version}, package.json of ${version}: run npm version`,
    tags.includes(`v${version}`) ? `${version} was released already: raise the version` : undefined,
    heading?.[1] === version ? undefined : `CHANGELOG.md does not begin with ${version}: write what has changed`,
    /^\d{4}-\d{2}-\d{2}$/.test(heading?.[2] ?? '')
      ? undefined
      : `CHANGELOG.md says no day for ${version}: write ## [${version}] - year-month-day`,
  ].filter((mistake) => mistake !== undefined)
}
