import { ConfigurationError } from '@millrace/contracts'
import type { SmtpOptions } from '@millrace/observers'

import type { Environment } from '../settings.ts'

/** Who is told beside the webhook; undefined for nobody. */
export interface Messengers {
  readonly mail: { readonly smtp: SmtpOptions; readonly to: string } | undefined
  /** The host of Slack's incoming webhook, whose URL is a secret. */
  readonly slack: { readonly host: string } | undefined
}

const addresses = /^[^\s@<>(),;:"[\]\\{}]+@[^\s@<>(),;:"[\]\\{}]+$/
const loopback = new Set(['127.0.0.1', '[::1]', 'localhost'])

function read(env: Environment, name: string): string | undefined {
  const text = env[name]
  return text === undefined || text === '' ? undefined : text
}

function address(env: Environment, name: string): string {
  const text = read(env, name) ?? ''
  if (text.split(',').every((each) => addresses.test(each.trim()))) return text
  throw new ConfigurationError(name, 'must be an e-mail address where MILLRACE_SMTP_URL is given')
}

/** TLS from the first byte with `smtps:`, STARTTLS with `smtp:`; none on this machine. */
function smtpOptions(env: Environment, text: string): SmtpOptions {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const { protocol, hostname = '', port, username, password } = url ?? {}
  if ((protocol !== 'smtp:' && protocol !== 'smtps:') || hostname === '' || password !== '')
    throw new ConfigurationError(
      'MILLRACE_SMTP_URL',
      'must be smtp://[user@]host[:port] or smtps://...; the password is MILLRACE_SMTP_PASSWORD',
    )
  const tls = protocol === 'smtps:' ? 'implicit' : loopback.has(hostname) ? 'none' : 'starttls'
  const user = decodeURIComponent(username ?? '')
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    ...(port === '' ? {} : { port: Number(port) }),
    tls,
    from: address(env, 'MILLRACE_MAIL_FROM'),
    ...(user === '' ? {} : { user, passwordFrom: 'MILLRACE_SMTP_PASSWORD' }),
  }
}

function slackHost(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '')
    throw new ConfigurationError(
      'MILLRACE_SLACK_WEBHOOK',
      'must be the http or https URL of an incoming webhook',
    )
  return url.host
}

/**
 * Reads `MILLRACE_SMTP_URL`, `MILLRACE_SMTP_PASSWORD`, `MILLRACE_MAIL_FROM` and `MILLRACE_MAIL_TO`, and
 * `MILLRACE_SLACK_WEBHOOK`.
 *
 * @throws {@link ConfigurationError} naming the variable, and never its value
 */
export function readMessengers(env: Environment): Messengers {
  const smtp = read(env, 'MILLRACE_SMTP_URL')
  const slack = read(env, 'MILLRACE_SLACK_WEBHOOK')
  return {
    mail:
      smtp === undefined ? undefined : { smtp: smtpOptions(env, smtp), to: address(env, 'MILLRACE_MAIL_TO') },
    slack: slack === undefined ? undefined : { host: slackHost(slack) },
  }
}
