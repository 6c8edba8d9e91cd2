import { checkErasure, checkSubject, parseStreamId } from '@millrace/contracts'
import type { ChainAnchor, ChainReport, HashChain, VerifyChainOptions } from '@millrace/contracts'
import type { Privacy } from '@millrace/privacy'

import { checkActor } from './arguments.ts'

/** Order of {@link Management.eraseSubject}. */
export interface ErasureOrder {
  /** Who asks: 1 to 200 characters. */
  readonly by: string
  /** Kept with the erasure: 1 to 1000 characters. */
  readonly reason: string
}

/** An erasure as JSON. */
export interface ErasureView {
  readonly subject: string
  readonly by: string
  readonly reason: string
  readonly erasedAt: string
  /** Whether there was a key to destroy. */
  readonly destroyedKey: boolean
}

/** Settings of {@link Management.verifyChain}. */
export interface ChainQuery {
  /** @defaultValue all streams */
  readonly streamId?: string
  /** Anchors that were kept elsewhere. @defaultValue none */
  readonly anchors?: readonly ChainAnchor[]
}

/** Undefined where the app encrypts nothing. The key is destroyed when an eraser fails; the same call goes on. */
export async function eraseSubject(
  privacy: Privacy | undefined,
  subject: string,
  { by, reason }: ErasureOrder,
): Promise<ErasureView | undefined> {
  checkSubject(subject)
  checkErasure({ by: checkActor(by), reason })
  const erasure = await privacy?.erase(subject, { by, reason })
  if (erasure === undefined) return undefined
  return {
    subject,
    by: erasure.by,
    reason: erasure.reason,
    erasedAt: erasure.erasedAt.toISOString(),
    destroyedKey: erasure.destroyedKey,
  }
}

/** Undefined where no chain is kept: on JetStream. */
export async function verifyChain(
  chain: HashChain | undefined,
  { streamId, anchors }: ChainQuery,
): Promise<ChainReport | undefined> {
  const options: VerifyChainOptions = {
    ...(streamId === undefined ? {} : { streamId: parseStreamId(streamId, 'streamId') }),
    ...(anchors === undefined ? {} : { anchors }),
  }
  return await chain?.verify(options)
}
