import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { SecureContextOptions } from 'node:tls'

import { ConfigurationError } from '@millrace/contracts'
import type { TlsOptions } from '@nats-io/nats-core'

async function textIn(setting: string, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new ConfigurationError(setting, `${file} cannot be read`, { cause })
  }
}

/** The cause is left out: it may quote the key. */
function check(setting: string, problem: string, parts: SecureContextOptions): void {
  try {
    createSecureContext(parts)
  } catch {
    throw new ConfigurationError(setting, problem)
  }
}

/**
 * Reads the files of certificates and keys: what is in them is refused here by the name of its setting, and not by the
 * handshake, whose failure may have any reason.
 * @throws {@link ConfigurationError}
 */
export async function withTlsFiles(tls: TlsOptions): Promise<TlsOptions> {
  const { caFile, certFile, keyFile, ...others } = tls
  const ca = (await textIn('tls.caFile', caFile)) ?? tls.ca
  const cert = (await textIn('tls.certFile', certFile)) ?? tls.cert
  const key = (await textIn('tls.keyFile', keyFile)) ?? tls.key
  // Node takes any text for certificates and ignores what is none.
  if (ca !== undefined && !ca.includes('-----BEGIN'))
    throw new ConfigurationError('tls.caFile', 'holds no certificate in PEM')
  if (ca !== undefined) check('tls.caFile', 'holds no certificate in PEM', { ca })
  if (cert !== undefined) check('tls.certFile', 'holds no certificate in PEM', { cert })
  if (key !== undefined) check('tls.keyFile', 'holds no key in PEM without a passphrase', { key })
  if (cert !== undefined && key !== undefined)
    check('tls.keyFile', 'holds another key than that of the certificate', { cert, key })
  return {
    ...others,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}
