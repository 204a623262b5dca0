/** What the page has besides the look of the UI. */
export const pageStyle = `
html { box-sizing: border-box; overflow-y: scroll }
*, ::before, ::after { box-sizing: inherit }
[hidden] { display: none !important }
body { margin: 0; background: #fafafa; color: #1b2330; font: 100%/1.45 system-ui, sans-serif }
.access, .said { max-width: 40rem; margin: 2rem auto; padding: 0 1rem }
.access h1 { font-size: 1.25rem }
.access label { display: block; font-weight: 600 }
.access input { width: 100%; padding: .5rem; border: 1px solid #56606f; font: inherit }
.access button { margin-top: .75rem; padding: .5rem 1rem; font: inherit }
.hint { color: #56606f }
`
