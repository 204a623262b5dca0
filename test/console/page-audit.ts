// What is asked of a page in the browser, as programs for it: each gives a list of what is wrong.

/** Texts and graphics that are too close in brightness to what is behind them (WCAG 2.2, 1.4.3 and 1.4.11). */
export const contrastFaults = `(() => {
  const channels = (color) => {
    const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number)
    return { rgb: [r, g, b], a }
  }
  const over = (top, below) => top.rgb.map((value, index) => value * top.a + below[index] * (1 - top.a))
  const grounds = new Map([[null, [255, 255, 255]]])
  const behind = (element) => {
    if (!grounds.has(element)) grounds.set(element, over(channels(getComputedStyle(element).backgroundColor), behind(element.parentElement)))
    return grounds.get(element)
  }
  const brightness = (rgb) => {
    const [r, g, b] = rgb.map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const ratio = (one, other) => {
    const [high, low] = [brightness(one), brightness(other)].sort((a, b) => b - a)
    return (high + 0.05) / (low + 0.05)
  }
  const faults = []
  for (const element of document.querySelectorAll('body *')) {
    if (!element.checkVisibility() || element.closest('.unseen, .skip') !== null) continue
    const style = getComputedStyle(element)
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '')
    if (hasText) {
      const ground = behind(element)
      const size = parseFloat(style.fontSize)
      const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5
      const found = ratio(over(channels(style.color), ground), ground)
      if (found < least) faults.push(element.tagName + '.' + element.className + ' ' + element.textContent.slice(0, 30) + ' ' + found.toFixed(2))
    }
    if (element.tagName === 'rect' && !element.classList.contains('cursor')) {
      const ground = behind(element.closest('svg').parentElement)
      const found = ratio(channels(style.fill).rgb, ground)
      if (found < 3) faults.push('bar ' + style.fill + ' ' + found.toFixed(2))
    }
    if (['INPUT', 'BUTTON'].includes(element.tagName) && element.type !== 'range' && element.type !== 'checkbox') {
      const found = ratio(channels(style.borderTopColor).rgb, behind(element.parentElement))
      if (found < 3) faults.push('border of ' + element.tagName + '#' + element.id + ' ' + found.toFixed(2))
    }
  }
  return [...new Set(faults)]
})()`

/** What screen readers would miss: names, landmarks, heads of tables, an order of headings, ids that are there once. */
export const structureFaults = `(() => {
  const faults = []
  for (const landmark of ['header', 'nav', 'main', 'footer', 'h1']) {
    if (document.querySelectorAll(landmark).length !== 1) faults.push('not one ' + landmark)
  }
  if (document.documentElement.lang === '' || document.title === '') faults.push('no language or title')
  let level = 0
  for (const heading of document.querySelectorAll('h1, h2, h3')) {
    const own = Number(heading.tagName[1])
    if (own > level + 1) faults.push('a heading is skipped before ' + heading.textContent)
    level = own
  }
  for (const section of document.querySelectorAll('section, nav, [role=region], [role=group]')) {
    const label = section.getAttribute('aria-label') ?? document.getElementById(section.getAttribute('aria-labelledby'))?.textContent
    if (!label) faults.push('no name: ' + section.id)
  }
  for (const control of document.querySelectorAll('input, button, summary, a')) {
    const label = control.getAttribute('aria-label') ?? control.labels?.[0]?.textContent ?? control.textContent
    if (label.trim() === '') faults.push('no name: ' + control.outerHTML)
    const { width, height } = control.getBoundingClientRect()
    if (control.checkVisibility() && control.closest('.skip') === null && control.type !== 'checkbox' && height < 18) faults.push('small: ' + control.outerHTML + ' ' + width + ' ' + height)
  }
  for (const table of document.querySelectorAll('table')) {
    if (!table.caption?.textContent) faults.push('a table without a caption')
    for (const head of table.querySelectorAll('th')) if (!head.scope) faults.push('a head without a scope: ' + head.textContent)
    for (const row of table.tBodies[0].rows) if (row.querySelector('th') === null && !row.classList.contains('event')) faults.push('a row without a head')
  }
  for (const graphic of document.querySelectorAll('svg')) if (graphic.getAttribute('aria-hidden') !== 'true') faults.push('a graphic that is read out')
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push('twice: ' + id)
  return faults
})()`

/** What has the focus: its name, and whether that can be seen. */
export const focused = `(() => {
  const element = document.activeElement
  const style = getComputedStyle(element)
  const { top, bottom } = element.getBoundingClientRect()
  return {
    name: (element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? document.getElementById(element.getAttribute('aria-labelledby'))?.textContent ?? element.textContent).trim(),
    isMarked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    isNone: element === document.body,
    isInView: bottom > 0 && top < innerHeight,
  }
})()`
