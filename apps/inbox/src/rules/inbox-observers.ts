import type { AppObserverOptions, Settings } from '@millrace/app'

import { inboxRules } from './inbox-rules.ts'
import type { ReceiverUrl } from './inbox-rules.ts'
import type { Messengers } from './messengers.ts'

/** The name a host has in a URL's look-up: without the brackets of an IPv6 address, and without a port. */
function hostName(host: string): string {
  return new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '')
}

/** How a server that is bound to any address is reached from this machine. */
function ownHosts({ host }: Settings): readonly string[] {
  const bound = host.value.toLowerCase().replace(/^\[|\]$/g, '')
  return ['127.0.0.1', '::1', 'localhost', bound]
}

/** The inbox's rules, and what they are run with. */
export function inboxObservers(
  receiver: ReceiverUrl,
  messengers: Messengers,
  settings: Settings,
): AppObserverOptions {
  const { mail, slack } = messengers
  return {
    rules: inboxRules(receiver, messengers),
    ...(mail === undefined ? {} : { smtp: mail.smtp }),
    // The receiver is in this process; whoever set the address of Slack's webhook may have one of their own network.
    allowHosts: [...ownHosts(settings), ...(slack === undefined ? [] : [hostName(slack.host)])],
    destinations: {
      // A receiver that was told to fail is to see ten attempts: its deliveries come to an end.
      '*': { circuit: false },
      ...(slack === undefined ? {} : { [slack.host]: {} }),
      ...(mail === undefined ? {} : { [`${mail.smtp.host}:${smtpPort(mail.smtp)}`]: {} }),
    },
  }
}

function smtpPort({ port, tls }: { readonly port?: number; readonly tls?: string }): number {
  return port ?? (tls === 'implicit' ? 465 : 587)
}
