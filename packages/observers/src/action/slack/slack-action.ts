import { ActionError } from '@millrace/processing'

import type { Secrets } from '../../secret/secrets.ts'
import { jsonText } from '../../template/value-text.ts'
import { defineActionKind } from '../action-kind.ts'
import type { AnyActionKind, PreparedAction } from '../action-kind.ts'
import type { HttpPoster } from '../webhook/http-post.ts'
import { hostOf } from '../webhook/url-destination.ts'

/** The settings of a Slack message. */
export interface SlackSettings {
  /** The name of the secret that holds the URL of an incoming webhook: who knows it can post. */
  readonly webhook: string
  /** Mark-up with values, shown where blocks cannot be. */
  readonly text: string
  /** Block Kit blocks whose texts are templates. @defaultValue none */
  readonly blocks?: readonly unknown[]
}

interface RenderedMessage {
  readonly text: string
  readonly blocks?: unknown
}

/** Messages to a channel, by Slack's incoming webhooks. */
export function slackKind(poster: HttpPoster, secrets: Secrets): AnyActionKind {
  return defineActionKind<RenderedMessage>({
    kind: 'slack',
    prepare: (settings): PreparedAction<RenderedMessage> => {
      const name = settings.required('webhook')
      const url = name === '' ? undefined : secrets.get(name)
      const destination = url === undefined ? undefined : hostOf(url)
      if (name !== '' && url === undefined) settings.problem('webhook', `there is no secret ${name}`)
      else if (url !== undefined && destination === undefined)
        settings.problem('webhook', `the secret ${name} must be a URL of http or https`)
      settings.required('text')
      const text = settings.template('text', 'slack')
      const given = settings.value('blocks')
      if (given !== undefined && !Array.isArray(given)) settings.problem('blocks', 'must be a list of blocks')
      const blocks = settings.json('blocks', 'slack')
      return {
        ...(destination === undefined ? {} : { destination }),
        render: (values) => ({
          text: text?.render(values) ?? '',
          ...(blocks === undefined ? {} : { blocks: blocks.render(values) }),
        }),
        send: async (message, { idempotencyKey, signal }) => {
          const target = secrets.get(name)
          if (target === undefined)
            throw new ActionError(`the secret ${name} is not there`, { kind: 'transient' })
          const headers = { 'content-type': 'application/json', 'idempotency-key': idempotencyKey }
          const body = jsonText(message)
          const { statusCode } = await poster.post({ method: 'POST', url: target, headers, body, signal })
          return { statusCode }
        },
      }
    },
  })
}
