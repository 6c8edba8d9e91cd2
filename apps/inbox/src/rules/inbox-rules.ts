import { defineObserver } from '@millrace/observers'
import type { ObserverDefinition, RuleInput } from '@millrace/observers'
import { ActionError } from '@millrace/processing'

import type { Messengers } from './messengers.ts'
import { noticeOf } from './notice.ts'

/** Where webhooks go; undefined until the address is known. */
export type ReceiverUrl = () => string | undefined

const tenAttempts = {
  shape: 'fixed',
  maxAttempts: 10,
  initialMs: 2000,
  capMs: 2000,
  jitter: 'none',
} as const

/** What GitHub sends when something is found that is not safe. */
const alertTypes = [
  'code_scanning_alert.created',
  'dependabot_alert.created',
  'repository_vulnerability_alert.create',
  'secret_scanning_alert.created',
  'security_advisory.published',
]

/**
 * Tells a webhook about every issue labelled `bug` and every published release. Releases from before observers had a
 * processor of this name with this action: its checkpoint, deliveries and dead letters are found again by both names, and
 * its webhooks had this body.
 */
function notify(receiver: ReceiverUrl): ObserverDefinition {
  const load = async (): Promise<string> => {
    const url = receiver()
    if (url === undefined) throw new ActionError('the receiver has no address yet', { kind: 'unreachable' })
    return await Promise.resolve(url)
  }
  return defineObserver({
    name: 'notify',
    on: ['issues.labeled', 'release.published'],
    when: ({ event, data }) => noticeOf(event.type, data) !== undefined,
    lookups: { receiver: { from: { load }, key: 'receiver', ttlMs: 0 } },
    actions: [
      {
        action: 'webhook',
        name: 'webhook',
        url: '{{ lookup.receiver }}',
        body: ({ event, data }: RuleInput) => ({
          type: event.type,
          timestamp: event.occurredAt.toISOString(),
          data: { stream: event.stream, version: event.version, notice: noticeOf(event.type, data) },
        }),
        signWith: 'MILLRACE_RECEIVER_SECRET',
        timeoutMs: 5000,
        retry: tenAttempts,
        order: 'none',
      },
    ],
  })
}

function releaseMail(to: string): ObserverDefinition {
  return defineObserver({
    name: 'release-mail',
    on: 'release.published',
    actions: [
      {
        action: 'email',
        name: 'mail',
        to,
        subject: '{{ data.repository.full_name }} {{ data.release.tag_name }} is out',
        text: '{{ data.release.name }}\n\n{{ data.release.body }}\n\n{{ data.release.html_url }}\n',
      },
    ],
  })
}

function securityAlert(): ObserverDefinition {
  return defineObserver({
    name: 'security-alert',
    on: alertTypes,
    actions: [
      {
        action: 'slack',
        name: 'slack',
        webhook: 'MILLRACE_SLACK_WEBHOOK',
        text: "{{ event.type }} in {{ data.repository.full_name | default: 'a dependency' }}: {{ data.alert.html_url | default: 'no address' }}",
      },
    ],
  })
}

/** What the inbox tells whom. Who is to be told by mail or on Slack is a setting; without it there is no such rule. */
export function inboxRules(
  receiver: ReceiverUrl,
  { mail, slack }: Messengers,
): readonly ObserverDefinition[] {
  return [
    notify(receiver),
    ...(mail === undefined ? [] : [releaseMail(mail.to)]),
    ...(slack === undefined ? [] : [securityAlert()]),
  ]
}
