import { asMarkup, tokenForm } from '../markup.js'
import type { PagePlan } from './page-options.js'

/** The page, without anything of the document in it: its program asks for that. */
export function pageDocument({ path, title, document, root }: PagePlan): string {
  const folder = path.slice(path.lastIndexOf('/') + 1)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${asMarkup(title)}</title>
<link rel="icon" type="image/png" href="${folder}/favicon-32x32.png">
<link rel="stylesheet" href="${folder}/swagger-ui.css">
<link rel="stylesheet" href="${folder}/page.css">
<script defer src="${folder}/swagger-ui-bundle.js"></script>
<script type="module" src="${folder}/page.js"></script>
</head>
<body>
<noscript><p class="said">This page needs JavaScript.</p></noscript>
<p class="said" id="said" role="status">Loading…</p>
<section class="access" id="access" aria-labelledby="access-title" hidden>
<h1 id="access-title">Access token</h1>
${tokenForm('Show the API')}
</section>
<main id="operations" data-document="${asMarkup(document)}" data-root="${root}"></main>
</body>
</html>
`
}
