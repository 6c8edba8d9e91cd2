import { ConfigurationError } from '@millrace/contracts'

/** True for an address only this machine can reach. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  return name === 'localhost' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name)
}

/** @throws {@link ConfigurationError} for an address that others can reach, where no token is asked for. */
export function assertBindAllowed(host: string, asksForToken: boolean): void {
  if (isLoopback(host) || asksForToken) return
  throw new ConfigurationError(
    'MILLRACE_HOST',
    `${host} can be reached from other machines, which needs a token; set MILLRACE_TOKEN, or bind to 127.0.0.1`,
  )
}
