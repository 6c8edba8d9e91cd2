import { DecryptionFailedError, SubjectErasedError } from '@millrace/contracts'
import type { Encryption, SealedState, SealingContext, SnapshotSealing } from '@millrace/contracts'

import { DataKey } from '../keys/data-key.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { open, seal } from './cipher.ts'
import type { Binding } from './cipher.ts'

function bindingOf({ streamId, name, version, subjects }: SealingContext, layer: number): Binding {
  return ['millrace-snapshot-1', streamId, name, version, layer, ...subjects]
}

/** The keys of all subjects; undefined where one of them was erased. */
async function keysOf(ring: KeyRing, subjects: readonly string[]): Promise<readonly DataKey[] | undefined> {
  try {
    const keys = await ring.ensure(subjects)
    return subjects.flatMap((subject) => keys.get(subject) ?? [])
  } catch (error) {
    if (error instanceof SubjectErasedError) return undefined
    throw error
  }
}

async function openState(
  ring: KeyRing,
  { bytes, encryption }: SealedState,
  context: SealingContext,
): Promise<Uint8Array | undefined> {
  const keys = await ring.load(encryption.map(({ subject }) => subject))
  let state = bytes
  for (const [layer, { subject, keyId }] of [...encryption.entries()].toReversed()) {
    const key = keys.get(subject)
    if (key === 'erased' || (key instanceof DataKey && key.secrets === undefined)) return undefined
    if (!(key instanceof DataKey) || key.keyId !== keyId)
      throw new DecryptionFailedError(`snapshot of ${context.streamId}`)
    const inner = open(key, bindingOf(context, layer), state, `snapshot of ${context.streamId}`)
    if (typeof inner === 'string') throw new DecryptionFailedError(`snapshot of ${context.streamId}`)
    state = inner
  }
  return state
}

/** Seals states with the keys of all subjects in them, one around the other: without any one of them nothing opens. */
export function createSnapshotSealing(ring: KeyRing): SnapshotSealing {
  return {
    seal: async (state, context) => {
      const keys = await keysOf(ring, context.subjects)
      if (keys === undefined) return undefined
      let bytes = state
      const encryption: Encryption[] = []
      for (const [layer, key] of keys.entries()) {
        if (key.secrets === undefined) return undefined
        bytes = seal(key, bindingOf(context, layer), bytes)
        encryption.push({ subject: key.subject, keyId: key.keyId })
      }
      return { bytes, encryption }
    },
    open: (sealed, context) => openState(ring, sealed, context),
  }
}
