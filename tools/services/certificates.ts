import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { host } from './port.ts'
import { findOnPath } from './provision.ts'

/** A certificate and its key, as paths of PEM files. */
export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

/** What two ends need to know each other, signed by one authority of their own. */
export interface Certificates {
  /** Path of the authority's certificate. */
  readonly authority: string
  /** For `localhost` and the loopback address. */
  readonly server: KeyPair
  /** Its common name is `client`. */
  readonly client: KeyPair
}

/** Makes new certificates, valid for one day, in a folder that is there. */
export async function createCertificates(folder: string): Promise<Certificates> {
  if (findOnPath('openssl') === undefined)
    throw new Error('openssl is not on PATH. As root: apt-get install -y openssl')
  const authority = pairAt(folder, 'authority')
  await openssl([...newKey(authority, 'Millrace tests'), '-x509', '-days', '1'])
  const sign = async (name: string, extension: string): Promise<KeyPair> => {
    const pair = pairAt(folder, name)
    const [request, extensions] = [join(folder, `${name}.csr`), join(folder, `${name}.ext`)]
    writeFileSync(extensions, extension)
    await openssl([...newKey({ ...pair, certificate: request }, name)])
    const by = ['-CA', authority.certificate, '-CAkey', authority.key, '-CAcreateserial']
    const out = ['-out', pair.certificate, '-days', '1', '-extfile', extensions]
    await openssl(['x509', '-req', '-in', request, ...by, ...out])
    return pair
  }
  const server = await sign(
    'server',
    `subjectAltName=DNS:localhost,IP:${host}\nextendedKeyUsage=serverAuth\n`,
  )
  const client = await sign('client', 'extendedKeyUsage=clientAuth\n')
  return { authority: authority.certificate, server, client }
}

function pairAt(folder: string, name: string): KeyPair {
  return { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}-key.pem`) }
}

function newKey({ certificate, key }: KeyPair, commonName: string): readonly string[] {
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  return ['req', ...kind, '-keyout', key, '-out', certificate, '-subj', `/CN=${commonName}`]
}

async function openssl(args: readonly string[]): Promise<void> {
  await promisify(execFile)('openssl', args)
}
