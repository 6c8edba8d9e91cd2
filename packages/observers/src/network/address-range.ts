import { BlockList, isIPv4, isIPv6 } from 'node:net'

// Of the special-purpose registries of IANA: everything that is no public unicast address.
const ipv4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]

// Public IPv6 lies in 2000::/3; of that, what carries an IPv4 address or is not for the Internet.
const ipv6: readonly (readonly [string, number])[] = [
  ['::', 3],
  ['4000::', 2],
  ['8000::', 1],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]

function createList(ranges: readonly (readonly [string, number])[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList()
  for (const [network, bits] of ranges) list.addSubnet(network, bits, family)
  return list
}

const refusedIpv4 = createList(ipv4, 'ipv4')
const refusedIpv6 = createList(ipv6, 'ipv6')

/**
 * Whether an address is one of the public Internet: not private, loopback, link-local (where clouds keep the credentials of
 * machines), multicast or reserved, and no IPv6 address that stands for an IPv4 one.
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !refusedIpv4.check(address, 'ipv4')
  // A zone makes an address one of this machine's networks.
  return isIPv6(address) && !address.includes('%') && !refusedIpv6.check(address, 'ipv6')
}
