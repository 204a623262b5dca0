// Asks for the document with the browser's cookies or with a token that is kept here alone, and hands it to the UI.

interface SecurityScheme {
  readonly type?: string
  readonly scheme?: string
}

interface ShownDocument {
  readonly servers?: readonly object[]
  readonly components?: { readonly securitySchemes?: Readonly<Record<string, SecurityScheme>> }
}

interface Ui {
  preauthorizeApiKey(scheme: string, token: string): unknown
}

interface UiOptions {
  readonly spec: ShownDocument
  readonly domNode: Element
  readonly deepLinking: boolean
  readonly persistAuthorization: boolean
  readonly queryConfigEnabled: boolean
  readonly validatorUrl: null
  readonly onComplete: () => void
}

declare const SwaggerUIBundle: (options: UiOptions) => Ui

/** Milliseconds in which the document must come. */
const patience = 15_000

const operations = byId('operations', HTMLElement)
const said = byId('said', HTMLElement)
const access = byId('access', HTMLElement)
const token = byId('access-token', HTMLInputElement)

byId('access-form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault()
  const given = token.value.trim()
  token.value = ''
  void open(given)
})
void open(undefined)

async function open(bearer: string | undefined): Promise<void> {
  say('Loading…')
  try {
    const response = await ask(bearer)
    if (!response.ok) return refuse(response.status, bearer !== undefined)
    show((await response.json()) as ShownDocument, bearer)
  } catch {
    say('The server does not answer. Reload the page to try again.')
  }
}

function ask(bearer: string | undefined): Promise<Response> {
  return fetch(besidePage(operations.dataset['document']), {
    headers: bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` },
    // Two ways to say who calls would be one too many.
    credentials: bearer === undefined ? 'same-origin' : 'omit',
    cache: 'no-store',
    redirect: 'error',
    signal: AbortSignal.timeout(patience),
  })
}

function besidePage(path = ''): string {
  return new URL(path, document.baseURI).href
}

function refuse(status: number, isWithToken: boolean): void {
  access.hidden = status !== 401 && status !== 403
  if (status === 403) say('Whoever this is may not read the document: the permission is missing.')
  else if (status === 401) say(isWithToken ? 'This token is not valid.' : 'The document is not for everybody.')
  else say(`The server answers ${status}. Reload the page to try again.`)
  if (!access.hidden) token.focus()
}

function show(spec: ShownDocument, bearer: string | undefined): void {
  access.hidden = true
  said.hidden = true
  const ui = SwaggerUIBundle({
    // Without servers it is to be had where it comes from, and the host may have mounted it under a path.
    spec: { servers: [{ url: besidePage(operations.dataset['root']).replace(/\/$/, '') }], ...spec },
    domNode: operations,
    deepLinking: true,
    persistAuthorization: false,
    // An address could show another document in this page, and send what is entered there elsewhere.
    queryConfigEnabled: false,
    // It would send the document to a service of strangers.
    validatorUrl: null,
    onComplete: () => {
      if (bearer !== undefined) for (const name of bearerSchemes(spec)) ui.preauthorizeApiKey(name, bearer)
    },
  })
}

function bearerSchemes({ components }: ShownDocument): readonly string[] {
  const schemes = Object.entries(components?.securitySchemes ?? {})
  return schemes.filter(([, { type, scheme }]) => type === 'http' && scheme === 'bearer').map(([name]) => name)
}

function say(text: string): void {
  said.textContent = text
  said.hidden = false
}

function byId<Type extends Element>(id: string, type: new () => Type): Type {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new TypeError(`the page has no #${id}`)
  return found
}

export {}
