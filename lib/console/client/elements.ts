// Elements are made one by one, and texts are texts: what the page shows was written by strangers, and none of it can become markup.

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>
type Child = Node | string

const svgNamespace = 'http://www.w3.org/2000/svg'

/** Makes an element. An attribute that is true stands without a value; one that is false or undefined is left out. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag)
  setAttributes(made, attributes)
  made.append(...children)
  return made
}

export function svgElement<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Tag] {
  const made = document.createElementNS(svgNamespace, tag)
  setAttributes(made, attributes)
  made.append(...children)
  return made
}

function setAttributes(target: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue
    target.setAttribute(name, value === true ? '' : String(value))
  }
}

/** The element of the page with this id. */
export function byId<Type extends Element>(id: string, type: new () => Type): Type {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`the page has no ${id}`)
  return found
}

/** Characters that are not seen, or that turn the text around them: they would make one path look like another. */
const unseen =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu

/** A text of somebody else's, with everything in it to be seen, and kept apart from the direction of the text around it. */
export function foreign(text: string): HTMLElement {
  return element('bdi', {}, visible(text))
}

export function visible(text: string): string {
  return text.replaceAll(unseen, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/** For screen readers alone. */
export function spoken(text: string): HTMLElement {
  return element('span', { class: 'unseen' }, text)
}

/** A sign that eyes see and screen readers do not: words stand beside it. */
export function sign(text: string): HTMLElement {
  return element('span', { class: 'sign', 'aria-hidden': 'true' }, text)
}

const whole = new Intl.NumberFormat()

export function count(number: number): string {
  return whole.format(number)
}

/** `1 route`, `2 routes` */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`
}

/** A table with its heads; `numbers` says which columns hold some. */
export function table(
  name: string,
  heads: readonly string[],
  numbers: readonly number[],
  rows: readonly HTMLTableRowElement[],
): HTMLTableElement {
  const cells = heads.map((head, index) => element('th', { scope: 'col', class: numbers.includes(index) ? 'number' : undefined }, head))
  return element(
    'table',
    {},
    element('caption', { class: 'unseen' }, name),
    element('thead', {}, element('tr', {}, ...cells)),
    element('tbody', {}, ...rows),
  )
}

export function empty(text: string): HTMLElement {
  return element('p', { class: 'empty' }, text)
}
