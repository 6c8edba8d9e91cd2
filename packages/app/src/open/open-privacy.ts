import { hkdfSync } from 'node:crypto'

import { ConfigurationError, ErasureIncompleteError } from '@millrace/contracts'
import type { AccessLog, AnchorSigner, EventStore, HashChain } from '@millrace/contracts'
import { openPostgresAccessLog, openPostgresChain } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { createAnchorSigner } from '@millrace/privacy'
import type { AnchorKey, Eraser, Privacy } from '@millrace/privacy'

import type { AppDecoding, AppDefinition } from '../definition/app-definition.ts'
import type { Secret } from '../settings/secrets.ts'
import type { Settings } from '../settings/settings.ts'
import type { Events } from './open-events.ts'

/** What {@link openPrivacy} works with. */
export interface PrivacyRequest {
  readonly definition: Pick<AppDefinition, 'privacy' | 'decoding'>
  readonly settings: Settings
  readonly database: SqlDatabase
  readonly store: EventStore
  readonly mode: 'run' | 'inspect'
  /** Beside those of the definition. */
  readonly erasers: readonly Eraser[]
}

/** An app's privacy, and the store over it. */
export interface OpenPrivacy {
  readonly privacy: Privacy
  readonly store: EventStore
}

/** The app's privacy; undefined where it encrypts nothing. Goes on with interrupted erasures, unless it only looks. */
export async function openPrivacy(request: PrivacyRequest): Promise<OpenPrivacy | undefined> {
  const { definition, settings, database, store, mode } = request
  if (definition.privacy === undefined) return undefined
  if (definition.decoding.decrypt !== undefined)
    throw new ConfigurationError('decoding.decrypt', 'must be left out beside privacy, which decrypts')
  const made: { over?: EventStore } = {}
  const privacy = await definition.privacy({
    database,
    settings,
    mode,
    store: () => {
      if (made.over === undefined)
        throw new ConfigurationError('privacy', 'must not use the store before it is made')
      return made.over
    },
  })
  privacy.addErasers(request.erasers)
  const over = privacy.protect(store)
  made.over = over
  if (mode === 'run') await goOnErasing(privacy)
  return { privacy, store: over }
}

/** An eraser whose server is away keeps nobody from working: the status says what is not complete, until it is. */
async function goOnErasing(privacy: Privacy): Promise<void> {
  try {
    await privacy.resumeErasures()
  } catch (error) {
    if (!(error instanceof ErasureIncompleteError)) throw error
  }
}

/** How events are decoded through the encryption. */
export function protectedDecoding(decoding: AppDecoding, privacy: Privacy | undefined): AppDecoding {
  return privacy === undefined ? decoding : { ...decoding, decrypt: privacy.decrypt }
}

/** What {@link openChain} works with. */
export interface ChainRequest {
  readonly definition: Pick<AppDefinition, 'hashChain'>
  readonly database: SqlDatabase
  readonly events: Events
  readonly mode: 'run' | 'inspect'
  /** Signs anchors; undefined in an app that was never started. */
  readonly secret: Secret | undefined
  /** Secrets that signed anchors before. */
  readonly earlierSecrets: readonly string[]
}

function anchorKeyOf(value: string): AnchorKey {
  const derive = (use: string): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', value, '', `millrace anchor ${use}`, 32))
  return { id: Buffer.from(derive('id')).toString('hex').slice(0, 12), key: derive('key') }
}

/** What signs and checks anchors; nothing in an app that was never started. */
export function anchorSigner(
  secret: Secret | undefined,
  earlierSecrets: readonly string[],
): { readonly signer?: AnchorSigner } {
  if (secret === undefined) return {}
  const earlier = [...new Set(earlierSecrets)].filter((value) => value !== secret.value).map(anchorKeyOf)
  return { signer: createAnchorSigner({ current: anchorKeyOf(secret.value), earlier }) }
}

/** The hash chain of the app's events; undefined on JetStream, which keeps none. */
export async function openChain(request: ChainRequest): Promise<HashChain | undefined> {
  const { definition, database, events, mode, secret } = request
  if (events.jetstream !== undefined) {
    if (definition.hashChain)
      throw new ConfigurationError('hashChain', 'must be false where the events are on JetStream')
    return undefined
  }
  const chain = await openPostgresChain({
    database,
    migrate: mode === 'run' ? 'run' : 'refuse',
    ...anchorSigner(secret, request.earlierSecrets),
  })
  if (definition.hashChain && mode === 'run') await chain.enable()
  return chain
}

/** Where the use of the management API is recorded; undefined where the definition does not ask for it. */
export async function openAccessLog({
  definition,
  database,
  mode,
}: {
  readonly definition: Pick<AppDefinition, 'accessLog'>
  readonly database: SqlDatabase
  readonly mode: 'run' | 'inspect'
}): Promise<AccessLog | undefined> {
  if (!definition.accessLog) return undefined
  return await openPostgresAccessLog({ database, migrate: mode === 'run' ? 'run' : 'refuse' })
}
