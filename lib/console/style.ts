/** The page's look. Colours are named once for light and once for dark, and say nothing that a word or a sign does not say too. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #f4f5f7; --panel: #ffffff; --text: #1b2330; --quiet: #56606f; --line: #dde1e8; --strong-line: #8a94a3;
  --link: #1d4fb8; --focus: #1d4fb8; --bad: #a3190f; --bad-ground: #fdeceb; --good: #17663a; --warn: #7d4f00;
  --requests: #8793a6; --refused: #b7791f; --failed: #c2281c; --cursor: #1d4fb81f; --hover: #f2f5fa; --control: #ffffff;
  font: 87.5%/1.45 system-ui, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e1217; --panel: #151b23; --text: #e3e8ef; --quiet: #9da8b7; --line: #28313d; --strong-line: #6f7b8b;
    --link: #8fb6ff; --focus: #8fb6ff; --bad: #ff9d92; --bad-ground: #381a19; --good: #7ed09a; --warn: #ecbf62;
    --requests: #66748a; --refused: #d39a3a; --failed: #ff7a6b; --cursor: #8fb6ff2e; --hover: #1a222c; --control: #0e1217;
  }
}
* { box-sizing: border-box }
[hidden] { display: none !important }
html { scroll-padding-top: 4rem }
body { margin: 0; background: var(--ground); color: var(--text); text-size-adjust: 100% }
h1, h2, p, dl, dd, ul { margin: 0 }
h1 { font-size: 1.0625rem; font-weight: 650; white-space: nowrap }
h1 span { font-weight: 400; color: var(--quiet) }
h2 { font-size: 1rem; font-weight: 650 }
code { font: 0.9286em/1.4 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere }
a { color: var(--link) }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px }
main:focus { outline: none }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
.skip { position: fixed; inset: 0 auto auto 0; padding: .5rem 1rem; background: var(--panel); transform: translateY(-110%); z-index: 3 }
.skip:focus { transform: none }
.hint, .empty, .under { color: var(--quiet) }
.under { display: block; font-size: .9286em; overflow-wrap: anywhere }
.sign { font-size: .8em }

.top { position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.5rem; padding: .5rem 1.25rem; min-height: 3rem; background: var(--panel); border-bottom: 1px solid var(--line) }
.top nav { display: flex; gap: 1rem; overflow-x: auto; padding: .25rem 0 }
.top nav a { color: var(--text); text-decoration: none; padding: .25rem 0 }
.top nav a:hover { text-decoration: underline; text-underline-offset: .25em }
.connection { margin-left: auto; color: var(--quiet) }
.connection::before { content: "○ "; }
.connection[data-state=live] { color: var(--good) }
.connection[data-state=live]::before { content: "● " }
.connection[data-state=lost] { color: var(--bad); font-weight: 600 }
.connection[data-state=lost]::before { content: "▲ " }

main { max-width: 100rem; margin: 0 auto; padding: 1rem 1.25rem 0 }
.panel { background: var(--panel); border: 1px solid var(--line); border-radius: .5rem; padding: .875rem 1rem 1rem; margin-bottom: 1rem; min-width: 0 }
.head { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem .75rem; margin-bottom: .625rem }
.tools { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .75rem; margin-left: auto }
.columns { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 1rem }
.stack { display: flex; flex-direction: column; min-width: 0 }
.foot { padding: 0 1.25rem 1.5rem; text-align: center; color: var(--quiet) }
.notice { padding: 2rem }

.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 1px; margin-bottom: 1rem; background: var(--line); border: 1px solid var(--line); border-radius: .5rem; overflow: hidden }
.figure { padding: .625rem 1rem .75rem; background: var(--panel) }
.figure dt { color: var(--quiet) }
.figure dd { font-variant-numeric: tabular-nums }
.figure strong { font-size: 1.375rem; font-weight: 600; line-height: 1.3 }
.figure.bad strong, .figure.bad .sign { color: var(--bad) }
.figure.good .sign { color: var(--good) }

table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .375rem .75rem .375rem 0; text-align: left; vertical-align: top; font-weight: 400 }
th:last-child, td:last-child { padding-right: 0 }
thead th { color: var(--quiet); font-size: .9286em; white-space: nowrap; border-bottom: 1px solid var(--line) }
tbody tr + tr > * { border-top: 1px solid var(--line) }
.number { text-align: right; white-space: nowrap }
td.number { width: 1% }
.scroll { position: relative; overflow: auto; overscroll-behavior-x: contain }
.scroll table { min-width: 58rem }
.scroll thead th { position: sticky; top: 0; background: var(--panel); z-index: 1; box-shadow: inset 0 -1px var(--line); border: 0 }
.tall { max-height: min(25rem, 60vh) }
.scroll tbody tr:hover { background: var(--hover) }
.empty { padding: .75rem 0 }

.lanes { position: relative }
.lanes thead th:first-child { width: 13rem }
.lanes tbody + tbody tr:first-child > * { border-top: 0 }
.lanes tbody tr + tr > * { border-top: 0 }
.lanes tbody th, .lanes tbody td { padding-block: .125rem }
.lanes th[scope=row] { vertical-align: middle; overflow-wrap: break-word; line-height: 1.25 }
.lanes .number { vertical-align: middle; min-width: 4.5rem }
.plot { display: block; width: 100%; height: 1.5rem; border-bottom: 1px solid var(--strong-line) }
.plot.requests { height: 6rem }
.plot.refused { height: 2.75rem }
.plot.failed { height: 1.75rem }
.plot rect { fill: var(--refused) }
.plot.requests rect { fill: var(--requests) }
.plot.failed rect { fill: var(--failed) }
.plot .cursor { fill: var(--cursor) !important }
.axis > * { padding-block: 0 }
.axis input { display: block; width: 100%; height: 1.75rem; margin: 0; appearance: none; background: none; cursor: ew-resize }
.axis input::-webkit-slider-runnable-track { height: 2px; background: var(--line) }
.axis input::-moz-range-track { height: 2px; background: var(--line) }
.axis input::-webkit-slider-thumb { appearance: none; width: .75rem; height: .75rem; margin-top: -.3125rem; border-radius: 50%; background: var(--panel); border: 2px solid var(--link) }
.axis input::-moz-range-thumb { width: .5rem; height: .5rem; border-radius: 50%; background: var(--panel); border: 2px solid var(--link) }
.scale { display: flex; justify-content: space-between; color: var(--quiet); font-size: .8571em }
.reasons th[scope=rowgroup] { padding-top: .75rem; font-weight: 600 }
.values { margin-top: .75rem }
.values .scroll { margin-top: .5rem }
.values table { width: auto }
.values th, .values td { padding-right: 1.25rem; white-space: nowrap }
summary { cursor: pointer; color: var(--link); width: max-content; max-width: 100% }
.bar { display: block; width: 100%; height: .25rem; margin-top: .25rem }
.bar rect { fill: var(--refused) }

.state.good .sign { color: var(--good) }
.state.bad { color: var(--bad); font-weight: 600 }
.state { white-space: nowrap }

.event .when { white-space: nowrap }
.event .when time { display: block; color: var(--quiet); font-size: .9286em }
.event .level { white-space: nowrap }
.level.critical { color: var(--bad); font-weight: 600 }
.level.warning { color: var(--warn) }
.level.info { color: var(--quiet) }
.event .request { max-width: 28rem }
.event .caller { max-width: 16rem; overflow-wrap: anywhere }
.event .reason { max-width: 22rem; overflow-wrap: anywhere }
.event dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .125rem .75rem; padding: .25rem 0 }
.event dt { color: var(--quiet) }
.event dd { overflow-wrap: anywhere }
@media (prefers-reduced-motion: no-preference) {
  .event { animation: arrive 1.5s ease-out }
  @keyframes arrive { from { background: var(--cursor) } }
}

.kinds { display: flex; flex-wrap: wrap; gap: .5rem; margin-bottom: .75rem }
.kind .number { margin-left: .25rem; font-weight: 600 }
.kinds:empty { display: none }
#routes-table th[scope=row] { min-width: 15rem }
#routes-table tr.own { color: var(--quiet) }
.gap { background: var(--bad-ground); color: var(--bad); font-weight: 600; box-shadow: inset 2px 0 var(--bad) }
#routes-table table { min-width: 80rem }
#routes-table td { padding-left: .625rem; max-width: 17rem; overflow-wrap: break-word }
#routes-table thead th { padding-left: .625rem }
#routes-table th:first-child { padding-left: 0 }
.gap { white-space: nowrap }
.gap .under { font-weight: 400; color: var(--text); white-space: normal }
.nothing { color: var(--quiet) }

button, input { font: inherit; color: inherit }
button { min-height: 2rem; padding: 0 .75rem; border: 1px solid var(--strong-line); border-radius: .375rem; background: var(--control); cursor: pointer }
button:hover { border-color: var(--text) }
button[aria-pressed=true] { background: var(--text); color: var(--panel); border-color: var(--text) }
.kind { border-color: var(--bad); color: var(--bad); border-radius: 1rem }
.kind[aria-pressed=true] { background: var(--bad); border-color: var(--bad); color: var(--panel) }
input[type=search], input[type=password] { min-height: 2rem; padding: 0 .625rem; border: 1px solid var(--strong-line); border-radius: .375rem; background: var(--control) }
input[type=search] { width: 17rem; max-width: 100% }
::placeholder { color: var(--quiet); opacity: 1 }
.check { display: inline-flex; align-items: center; gap: .375rem; min-height: 1.5rem }
.access { max-width: 32rem; margin: 3rem auto }
.access form { display: grid; gap: .5rem; margin-top: .75rem; justify-items: start }
.access input { width: 100% }

@media (min-width: 48rem) {
  #routes-table th:first-child { position: sticky; left: 0; background: var(--panel) }
  #routes-table thead th:first-child { z-index: 2 }
  #routes-table tbody tr:hover th { background: var(--hover) }
}
@media (min-width: 70rem) {
  .columns { grid-template-columns: minmax(0, 5fr) minmax(0, 3fr) }
}
@media (max-width: 40rem) {
  main { padding-inline: .75rem }
  .top { padding-inline: .75rem; position: static }
  .top nav { order: 3; width: 100% }
  .tools { margin-left: 0 }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)) }
  .figure { padding-inline: .75rem }
  .figure strong { font-size: 1.125rem }
  .lanes { table-layout: fixed }
  .lanes thead th:first-child { width: 8rem }
  .lanes thead th:last-child { width: 3.25rem }
  .lanes th[scope=row] { font-size: .9286em }
  .lanes .number { min-width: 0 }
  .state, .number { white-space: normal }
}
@media (forced-colors: active) {
  .gap { border-left: 3px solid }
  .plot rect, .bar rect { fill: CanvasText }
}
`
