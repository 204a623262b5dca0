import { reply } from '../../answer.js'
import type { Answer } from '../../answer.js'
import { noteEvent } from '../../audit/security-events.js'
import type { Awaitable } from '../../state/state-store.js'
import type { ConsentHook, LoginHook, Subject, Visit } from './interaction.js'
import { html, pageAnswer } from './page.js'
import type { Html } from './page.js'

/** What the default login page needs of an application. */
export interface LoginPageOptions {
  /** Who has this name and password, or undefined. It should take the same time for both kinds of wrong. */
  readonly check: (username: string, password: string) => Awaitable<Subject | undefined>
}

/** Longer names and passwords are wrong without a look: hashing them would cost more than they are worth. */
const longest = 1_000

/**
 * A login hook that shows a page with name and password, and keeps who is logged in for as long as the server's
 * `sessionLifetime`. The page works without scripts, with password managers and with screen readers.
 */
export function loginPage({ check }: LoginPageOptions): LoginHook {
  return async function logIn(visit) {
    const { session, form, context } = visit
    if (form?.get('step') === 'leave') {
      await session.end()
      return backTo(visit)
    }
    if (session.subject !== undefined) return session.subject
    if (form?.get('step') !== 'login') return page(visit)
    const { username = '', password = '' } = Object.fromEntries(form)
    const isReadable = username !== '' && username.length <= longest && password.length <= longest
    const subject = isReadable ? await check(username, password) : undefined
    if (subject === undefined) {
      noteEvent(context, 'authn_login_fail')
      return page(visit, username)
    }
    await session.start(subject)
    noteEvent(context, 'authn_login_success')
    // Shown by a GET: loading the page again must not send the password again.
    return backTo(visit)
  }
}

/** The consent hook that is used where no other is given: a page that says who asks for what. */
export const consentPage: ConsentHook = function askForConsent(visit) {
  const { form, subject, client, scopes, redirectUri } = visit
  // The answer of a page that was shown to somebody else in this browser is none.
  if (form?.get('step') === 'consent' && form.get('subject') === subject.id) {
    if (form.get('decision') === 'allow') return true
    if (form.get('decision') === 'deny') return false
  }
  const content = html`<p><strong>${client.name}</strong> asks to act for you, <strong>${subject.id}</strong>. It could:</p>
    <ul>
      ${scopes.map(({ description }) => html`<li>${description}</li>`)}
    </ul>
    <p>You will go back to ${new URL(redirectUri).host || client.name}.</p>
    <div>
      ${decision(visit, 'allow', html`<button class="main">Allow</button>`)} ${decision(visit, 'deny', html`<button>Cancel</button>`)}
    </div>
    <form method="post" action="${visit.url}">
      ${hidden({ step: 'leave', form_token: visit.formToken })}
      <button class="plain">Not ${subject.id}? Log in as somebody else</button>
    </form>`
  return pageAnswer({ title: `Allow ${client.name}?`, content, redirectUri })
}

/** A form of its own for each answer: nothing hangs on which button a browser says was pressed. */
function decision({ url, formToken, subject }: Parameters<ConsentHook>[0], wanted: 'allow' | 'deny', button: Html): Html {
  return html`<form method="post" action="${url}">
    ${hidden({ step: 'consent', subject: subject.id, decision: wanted, form_token: formToken })} ${button}
  </form>`
}

function hidden(fields: Readonly<Record<string, string>>): readonly Html[] {
  return Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)
}

function page({ client, redirectUri, url, formToken }: Visit, wrongName?: string): Answer {
  const failure = wrongName === undefined ? html`` : html`<p role="alert">The name or the password is wrong.</p>`
  const content = html`<p>Log in to go on to <strong>${client.name}</strong>.</p>
    ${failure}
    <form method="post" action="${url}">
      ${hidden({ step: 'login', form_token: formToken })}
      <label for="username">Name</label>
      <input
        id="username"
        name="username"
        value="${wrongName ?? ''}"
        autocomplete="username"
        autocapitalize="none"
        spellcheck="false"
        required
        autofocus
      />
      <label for="password">Password</label>
      <input id="password" name="password" type="password" autocomplete="current-password" required />
      <button class="main">Log in</button>
    </form>`
  return pageAnswer({ title: 'Log in', content, redirectUri, status: wrongName === undefined ? 200 : 401 })
}

function backTo({ url }: Visit): Answer {
  return reply(303, undefined, { Location: url })
}
