import type { SubjectPublisher } from '@millrace/jetstream'
import { publishKind } from '@millrace/observers'
import type { AnyActionKind } from '@millrace/observers'

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
  const kind = publishKind(async ({ subject, data }, { idempotencyKey, signal }) => {
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
    const isOwn = typeof subject === 'string' && `${subject}.`.startsWith(`${natsStream.value}.`)
    if (isOwn) action.problem('subject', `must not be one of the app's own events, ${natsStream.value}.>`)
  })
  return { kind: checked, [Symbol.asyncDispose]: async () => await publisher[Symbol.asyncDispose]() }
}
