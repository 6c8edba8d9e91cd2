import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'

import { ConfigurationError } from '@millrace/contracts'
import type { SnapshotStore } from '@millrace/contracts'

import { FileSnapshots } from './file-snapshots.ts'

/** Settings of {@link openFileSnapshots}. */
export interface FileSnapshotsOptions {
  /** Created where it is missing, for its owner alone. */
  readonly folder: string
}

/**
 * Opens a store that keeps each snapshot in a file. Several processes may use one folder. Nothing has to be closed.
 *
 * @throws {@link ConfigurationError} where the folder cannot be had
 */
export async function openFileSnapshots({ folder }: FileSnapshotsOptions): Promise<SnapshotStore> {
  const path = resolve(folder)
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new ConfigurationError('folder', `${path} cannot be created`, { cause })
  }
  return new FileSnapshots(path)
}
