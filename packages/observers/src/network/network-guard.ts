import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { callbackify } from 'node:util'

import { ConfigurationError, MillraceError } from '@millrace/contracts'

import { isPublicAddress } from './address-range.ts'

/** A rule may not call an address of this network. */
export class AddressRefusedError extends MillraceError {
  override readonly name = 'AddressRefusedError'
  override readonly code = 'ERR_ADDRESS_REFUSED'
  override readonly retryable = false
  readonly host: string
  constructor(host: string) {
    super(`${host} is no public address, and is not among those allowed by name`)
    this.host = host
  }
}

/** The addresses of a host name; rejects where there are none. */
export type HostResolver = (host: string, family: 0 | 4 | 6) => Promise<readonly LookupAddress[]>

/** As the machine looks names up: its hosts file, its name servers. */
const bySystem: HostResolver = async (host, family) => await lookup(host, { family, all: true })

const hostPattern = /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$|^[0-9a-f:.]+$/

/** Decides which addresses may be called: public ones, and of the others those of hosts that are allowed by name. */
export class NetworkGuard {
  readonly #exact: ReadonlySet<string>
  readonly #suffixes: readonly string[]
  readonly #resolve: HostResolver

  /**
   * @param allowed host names or addresses that may be anywhere, `*.example.com` for all below one
   * @param resolve how names are looked up
   * @throws {@link ConfigurationError} for what is no host
   */
  constructor(allowed: readonly string[], resolve: HostResolver = bySystem) {
    this.#resolve = resolve
    for (const host of allowed)
      if (!hostPattern.test(host))
        throw new ConfigurationError(
          'allowHosts',
          `${JSON.stringify(host)} must be a host name or address, in lower case`,
        )
    this.#exact = new Set(allowed.filter((host) => !host.startsWith('*.')))
    this.#suffixes = allowed.filter((host) => host.startsWith('*.')).map((host) => host.slice(1))
  }

  /** For a host as it stands in a URL: an address there is never looked up. @throws {@link AddressRefusedError} */
  checkHost(host: string): void {
    const name = host.replace(/^\[|\]$/g, '')
    if (isIP(name) !== 0 && !this.#isAllowed(name) && !isPublicAddress(name))
      throw new AddressRefusedError(name)
  }

  /**
   * Looks a name up and gives only addresses that may be called. What connects with it connects to what was checked: there is
   * no second look-up that could answer otherwise.
   */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.#find(hostname, options.family, (error, addresses) => {
      if (error !== null) return callback(error, '')
      const [first] = addresses
      if (first === undefined) return callback(new AddressRefusedError(hostname), '')
      if (options.all === true) return (callback as AllCallback)(null, addresses)
      callback(null, first.address, first.family)
    })
  }

  readonly #find = callbackify(
    async (hostname: string, family: LookupFamily): Promise<readonly LookupAddress[]> => {
      const wanted = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family
      const addresses = await this.#resolve(hostname, wanted === 4 || wanted === 6 ? wanted : 0)
      if (this.#isAllowed(hostname.toLowerCase())) return addresses
      return addresses.filter(({ address }) => isPublicAddress(address))
    },
  )

  #isAllowed(host: string): boolean {
    return this.#exact.has(host) || this.#suffixes.some((suffix) => host.endsWith(suffix))
  }
}

type LookupFamily = Parameters<LookupFunction>[1]['family'] | undefined
type AllCallback = (error: null, addresses: readonly LookupAddress[]) => void
