import type { SubjectPublisher } from '@millrace/jetstream'
import { publishKind } from '@millrace/observers'
import type { AnyActionKind } from '@millrace/observers'
import { ActionError } from '@millrace/processing'

import { jetStreamSettings, named } from '../../open/open-events.ts'
import { WhenAsked } from '../../open/when-asked.ts'
import type { Settings } from '../../settings/settings.ts'
import { throughPort } from './port-failure.ts'
import { withCheck } from './with-check.ts'

async function open(settings: Settings): Promise<SubjectPublisher> {
  // Loaded where it is used: every other start is faster without it.
  const { openSubjectPublisher } = await import('@millrace/jetstream')
  return await named(
    openSubjectPublisher(jetStreamSettings(settings.natsUrl.value ?? '', settings)),
    settings,
  )
}

/** Action `publish`, on the app's NATS; and what closes its connection. */
export function appPublishKind(settings: Settings): { readonly kind: AnyActionKind } & AsyncDisposable {
  const { natsUrl, natsStream } = settings
  const publisher = new WhenAsked(async () => await open(settings))
  const isOwn = (subject: string): boolean => `${subject}.`.startsWith(`${natsStream.value}.`)
  const rule = `must not be one of the app's own events, ${natsStream.value}.>`
  const kind = publishKind(async ({ subject, data }, { idempotencyKey, signal }) => {
    // What an event makes of a template was not known at load.
    if (isOwn(subject)) throw new ActionError(`subject: ${rule}`, { kind: 'permanent' })
    const message = {
      subject,
      payload: JSON.stringify(data),
      contentType: 'application/json',
      id: idempotencyKey,
    }
    await throughPort(async () => await (await publisher.get()).publish(message, { signal }))
  })
  const checked = withCheck(kind, (action) => {
    if (natsUrl.value === undefined)
      action.problem('action', `publish needs a NATS server: ${natsUrl.variable} is not set`)
    const subject = action.value('subject')
    if (typeof subject === 'string' && isOwn(subject)) action.problem('subject', rule)
  })
  return { kind: checked, [Symbol.asyncDispose]: async () => await publisher[Symbol.asyncDispose]() }
}
