/** Line breaks, terminal commands and reordering marks that JSON lets through: one record stays one honest line. */
const unprintable = /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g
const needsEscape = /[^ !#-[\]-~]/

/** Whether the JSON of a text is the text itself between quotes. */
export function isPlainText(text: string): boolean {
  return !needsEscape.test(text)
}

/** The JSON of a text as it is, on one line. For texts that are ours: nothing is masked or shortened. */
export function quote(text: string): string {
  if (isPlainText(text)) return `"${text}"`
  return JSON.stringify(text).replace(unprintable, escapeUnits)
}

function escapeUnits(text: string): string {
  let escaped = ''
  for (let index = 0; index < text.length; index++) escaped += `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`
  return escaped
}
