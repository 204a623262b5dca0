import type { OpenApiControllerOptions } from './openapi.js'

/** A page of the document, with everything decided. */
export interface PagePlan {
  readonly path: string
  readonly title: string
  /** Where the document is, as seen from the page: the host may mount the API wherever it likes. */
  readonly document: string
  /** Where the API's paths begin, as seen from the page. */
  readonly root: string
  /** What one must have to load the page; undefined where everybody may. */
  readonly permission: string | undefined
}

/** Reads what was said of the page; undefined where none is wanted. Throws a `TypeError` for what cannot be. */
export function pagePlan({
  page,
  publicPage = false,
  permission,
  path,
  info,
}: OpenApiControllerOptions & { readonly path: string }): PagePlan | undefined {
  if (page === undefined) {
    if (publicPage) throw new TypeError("openApi has publicPage without a page: write page: '/docs', or leave both out")
    return undefined
  }
  for (const [name, value] of Object.entries({ page, path })) {
    if (!isPlain(value))
      throw new TypeError(`openApi has the ${name} ${JSON.stringify(value)}: write a path without parameters, such as '/docs'`)
  }
  if (page === path) throw new TypeError(`openApi has the page and the document at ${JSON.stringify(page)}: give one of them another path`)
  const root = '../'.repeat(page.split('/').length - 2)
  return {
    path: page,
    title: info.title,
    // `/api.json` seen from `/help/docs` is `../api.json`.
    document: `${root}${path.slice(1)}`,
    root: root === '' ? './' : root,
    permission: publicPage ? undefined : permission,
  }
}

function isPlain(path: unknown): path is string {
  return typeof path === 'string' && /^(?:\/[A-Za-z0-9\-_~][A-Za-z0-9\-._~]*)+$/.test(path)
}
