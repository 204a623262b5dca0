const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** A text as it stands in HTML, between tags or in a quoted attribute: none of it becomes markup. */
export function asMarkup(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** The form in which a page of ours asks for an access token; its program takes the token from there. `action` is what the button says. */
export function tokenForm(action: string): string {
  return `<form id="access-form" autocomplete="off">
<label for="access-token">Token</label>
<input id="access-token" type="password" autocomplete="off" spellcheck="false" required aria-describedby="access-hint">
<button type="submit">${asMarkup(action)}</button>
<p class="hint" id="access-hint">It stays in this page’s memory, and is gone when you close or reload it.</p>
</form>`
}
