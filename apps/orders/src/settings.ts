import type { Environment } from '@millrace/app'
import { ConfigurationError } from '@millrace/contracts'
import type { SmtpOptions } from '@millrace/observers'

/** Where what rules send goes; the URLs of webhooks are secrets of the rules. */
export interface OrdersSettings {
  readonly smtp: SmtpOptions
  /** Hosts that may be called although they are in a private network: those the operator named by their URL. */
  readonly allowHosts: readonly string[]
}

const defaultFrom = 'orders@shop.example'

function urlOf(env: Environment, variable: string, protocols: readonly string[]): URL {
  const text = env[variable]
  const rule = `must be a URL that begins with ${protocols.map((each) => `${each}//`).join(' or ')}`
  if (text === undefined || text === '') throw new ConfigurationError(variable, 'is missing')
  // The URL may be a secret: it is not in the error.
  if (!URL.canParse(text)) throw new ConfigurationError(variable, rule)
  const url = new URL(text)
  if (!protocols.includes(url.protocol) || url.hostname === '') throw new ConfigurationError(variable, rule)
  return url
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host)
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

/** `smtp://user@host:587` asks for STARTTLS, except on this machine; `smtps://` is TLS from the first byte. */
function smtpOf(env: Environment): SmtpOptions {
  const url = urlOf(env, 'ORDERS_SMTP_URL', ['smtp:', 'smtps:'])
  if (url.password !== '')
    throw new ConfigurationError('ORDERS_SMTP_URL', 'must hold no password: ORDERS_SMTP_PASSWORD does')
  const host = hostOf(url)
  const tls = url.protocol === 'smtps:' ? 'implicit' : isThisMachine(host) ? 'none' : 'starttls'
  const user = decodeURIComponent(url.username)
  return {
    host,
    tls,
    from: env['ORDERS_MAIL_FROM'] ?? defaultFrom,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(user === '' ? {} : { user, passwordFrom: 'ORDERS_SMTP_PASSWORD' }),
  }
}

/** @throws {@link ConfigurationError} naming the variable */
export function ordersSettings(env: Environment): OrdersSettings {
  const http = ['ORDERS_WEBHOOK_URL', 'ORDERS_SLACK_URL'].map((name) =>
    hostOf(urlOf(env, name, ['https:', 'http:'])),
  )
  return { smtp: smtpOf(env), allowHosts: [...new Set(http)] }
}
