import { asMarkup, tokenForm } from '../markup.js'

/**
 * The page, without a single datum in it: its program asks for those.
 *
 * @param path where the console is; the page finds its files beside itself, wherever the host mounts the API
 */
export function page(title: string, path: string): string {
  const folder = path.slice(path.lastIndexOf('/') + 1)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${asMarkup(title)} console</title>
<link rel="icon" type="image/svg+xml" href="${folder}/icon.svg">
<link rel="stylesheet" href="${folder}/console.css">
<script type="module" src="${folder}/console.js"></script>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="top">
<h1>${asMarkup(title)} <span>console</span></h1>
<nav aria-label="Sections">
<a href="#traffic">Traffic</a>
<a href="#events">Events</a>
<a href="#limits">Limits</a>
<a href="#health">Health</a>
<a href="#routes">Routes</a>
</nav>
<p class="connection" id="connection" role="status">Loading…</p>
</header>
<main id="main" tabindex="-1">
<noscript><p class="notice">This page needs JavaScript.</p></noscript>
<section id="access" class="panel access" aria-labelledby="access-title" hidden>
<h2 id="access-title">Access token</h2>
<p id="access-reason"></p>
${tokenForm('Show the console')}
</section>
<div id="content" hidden>
<h2 class="unseen" id="summary-title">Summary</h2>
<dl class="figures" id="figures" aria-labelledby="summary-title"></dl>
<div class="columns">
<section id="traffic" class="panel" aria-labelledby="traffic-title">
<div class="head"><h2 id="traffic-title">Traffic</h2><p class="hint">last 60 minutes, by minute</p></div>
<div id="traffic-chart"></div>
</section>
<div class="stack">
<section id="limits" class="panel" aria-labelledby="limits-title">
<div class="head"><h2 id="limits-title">Limits</h2><p class="hint">that refused most in 60 minutes</p></div>
<div id="limits-table"></div>
</section>
<section id="health" class="panel" aria-labelledby="health-title">
<div class="head"><h2 id="health-title">Health</h2></div>
<div id="health-table"></div>
</section>
</div>
</div>
<section id="events" class="panel" aria-labelledby="events-title">
<div class="head"><h2 id="events-title">Security events</h2>
<p class="hint" id="events-status" role="status"></p>
<div class="tools">
<label for="events-filter">Filter</label>
<input id="events-filter" type="search" placeholder="event, path, address …" autocomplete="off" spellcheck="false">
<button type="button" id="events-pause" aria-pressed="false">Pause</button>
</div>
</div>
<p class="unseen" id="events-hint">Arrow keys go from one event to the next.</p>
<div id="events-table" class="scroll tall" role="region" aria-labelledby="events-title" aria-describedby="events-hint" tabindex="0"></div>
</section>
<section id="routes" class="panel" aria-labelledby="routes-title">
<div class="head"><h2 id="routes-title">Routes</h2>
<p class="hint" id="routes-status" role="status"></p>
<div class="tools">
<label for="routes-filter">Filter</label>
<input id="routes-filter" type="search" placeholder="path, method, permission …" autocomplete="off" spellcheck="false">
<label class="check"><input type="checkbox" id="routes-gaps"> only gaps</label>
<label class="check"><input type="checkbox" id="routes-own"> the console’s own</label>
</div>
</div>
<div id="routes-kinds" class="kinds" role="group" aria-label="Kinds of gaps"></div>
<div id="routes-table" class="scroll" role="region" aria-labelledby="routes-title" tabindex="0"></div>
</section>
</div>
</main>
<footer class="foot"><p>One process, since its start. Times are of this browser’s zone.</p></footer>
</body>
</html>
`
}
