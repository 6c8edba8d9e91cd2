import { html } from 'lit-html'
import type { TemplateResult } from 'lit-html'

import type { Controller } from '../controller.ts'

/** Asks for the operator's token. It stays in this tab. */
export function signInView(controller: Controller): TemplateResult {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const token = new FormData(event.currentTarget as HTMLFormElement).get('token')
    if (typeof token === 'string' && token.trim() !== '') controller.signIn(token.trim())
  }
  return html`<main id="main" class="sign-in">
    <form class="card" @submit=${submit}>
      <h1>Sign in</h1>
      <p class="quiet">This server asks for a token. It is kept in this tab until you close it.</p>
      <label for="token">Token</label>
      <input id="token" name="token" type="password" autocomplete="off" required autofocus />
      <button class="button is-primary">Continue</button>
    </form>
  </main>`
}
