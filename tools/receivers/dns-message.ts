import { isIPv6 } from 'node:net'

const headerBytes = 12
const types = { a: 1, aaaa: 28 } as const
/** A pointer to the name of the question, which stands right behind the header. */
const nameOfQuestion = 0xc00c

/** What somebody asks a name server. */
export interface DnsQuestion {
  readonly name: string
  readonly family: 4 | 6
  /** The query up to the end of its question. */
  readonly bytes: Buffer
}

/** Reads a query for addresses (RFC 1035); undefined for any other one. */
export function parseDnsQuery(query: Buffer): DnsQuestion | undefined {
  const labels: string[] = []
  let at = headerBytes
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.subarray(at + 1, at + 1 + length).toString('latin1'))
    at += 1 + length
  }
  const end = at + 5
  const type = query.length < end ? 0 : query.readUInt16BE(at + 1)
  if (type !== types.a && type !== types.aaaa) return undefined
  return {
    name: labels.join('.').toLowerCase(),
    family: type === types.a ? 4 : 6,
    bytes: query.subarray(0, end),
  }
}

function addressBytes(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number))
  const [front = '', back] = address.split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const [before, after] = [groups(front), groups(back ?? '')]
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  const all = back === undefined ? before : [...before, ...zeros, ...after]
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

/** The answer to a question: these addresses, as far as they are of the family that was asked for, for no time at all. */
export function dnsAnswer({ bytes, family }: DnsQuestion, addresses: readonly string[]): Buffer {
  const wanted = addresses.filter((address) => isIPv6(address) === (family === 6))
  const head = Buffer.from(bytes)
  // A response, with recursion.
  head.writeUInt16BE(0x8180, 2)
  head.writeUInt16BE(wanted.length, 6)
  head.fill(0, 8, headerBytes)
  const records = wanted.map((address) => {
    const data = addressBytes(address)
    const record = Buffer.alloc(12)
    record.writeUInt16BE(nameOfQuestion, 0)
    record.writeUInt16BE(family === 4 ? types.a : types.aaaa, 2)
    record.writeUInt16BE(1, 4)
    record.writeUInt16BE(data.length, 10)
    return Buffer.concat([record, data])
  })
  return Buffer.concat([head, ...records])
}
