import { createHash } from 'node:crypto'

import { createAccount, createOperator, createUser } from '@nats-io/nkeys'
import type { KeyPair } from '@nats-io/nkeys'

/** A server's operator with one account, and users of it: what `nsc` would make. */
export interface NatsAccounts {
  /** For the server's configuration file. */
  readonly settings: Readonly<Record<string, unknown>>
  /** The text of a user's creds file. */
  creds(permissions?: object): string
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const base64url = (data: string | Uint8Array): string => Buffer.from(data).toString('base64url')

/** RFC 4648 base 32 without padding, as the ids of NATS' tokens have it. */
function base32(bytes: Uint8Array): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const groups = bits.match(/.{1,5}/g) ?? []
  return groups.map((group) => alphabet.charAt(Number.parseInt(group.padEnd(5, '0'), 2))).join('')
}

interface Claims {
  readonly name: string
  readonly subject: KeyPair
  readonly issuer: KeyPair
  readonly nats: object
}

function tokenOf({ name, subject, issuer, nats }: Claims): string {
  const claims = {
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    name,
    sub: subject.getPublicKey(),
    nats: { version: 2, ...nats },
  }
  const id = base32(createHash('sha256').update(JSON.stringify(claims)).digest())
  const header = base64url(JSON.stringify({ typ: 'JWT', alg: 'ed25519-nkey' }))
  const signed = `${header}.${base64url(JSON.stringify({ ...claims, jti: id }))}`
  return `${signed}.${base64url(issuer.sign(new TextEncoder().encode(signed)))}`
}

/** Makes new keys and tokens. */
export function createNatsAccounts(): NatsAccounts {
  const [operator, system, account] = [createOperator(), createAccount(), createAccount()]
  const unlimited = {
    subs: -1,
    data: -1,
    payload: -1,
    imports: -1,
    exports: -1,
    wildcards: true,
    conn: -1,
    leaf: -1,
  }
  const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 }
  const accountToken = (name: string, subject: KeyPair, limits: object): string =>
    tokenOf({ name, subject, issuer: operator, nats: { type: 'account', limits } })
  return {
    settings: {
      operator: tokenOf({
        name: 'operator',
        subject: operator,
        issuer: operator,
        nats: { type: 'operator', system_account: system.getPublicKey() },
      }),
      resolver: 'MEMORY',
      resolver_preload: {
        [system.getPublicKey()]: accountToken('system', system, unlimited),
        [account.getPublicKey()]: accountToken('events', account, { ...unlimited, ...storage }),
      },
    },
    creds: (permissions = {}) => {
      const user = createUser()
      const limits = { subs: -1, data: -1, payload: -1 }
      const token = tokenOf({
        name: 'store',
        subject: user,
        issuer: account,
        nats: { type: 'user', ...limits, ...permissions },
      })
      return [
        '-----BEGIN NATS USER JWT-----',
        token,
        '------END NATS USER JWT------',
        '',
        '-----BEGIN USER NKEY SEED-----',
        text(user.getSeed()),
        '------END USER NKEY SEED------',
        '',
      ].join('\n')
    },
  }
}
