import { join } from 'node:path'

import { escapeFilePath, EventVersion } from '@millrace/contracts'
import type { SnapshotKey, StreamId } from '@millrace/contracts'

const extension = '.snapshot'

/** The folder of a stream below that of the store. */
export function streamFolder(root: string, streamId: StreamId): string {
  return join(root, ...escapeFilePath(streamId))
}

/** `<version>-<schema version>.snapshot`, in a folder of the name. */
export function snapshotFile(folder: string, { name, version, schemaVersion }: SnapshotKey): string {
  return join(folder, name, `${version}-${schemaVersion}${extension}`)
}

/** The key a file is named by; undefined for any other file. */
export function keyOfFile(name: string, file: string): SnapshotKey | undefined {
  const [, version, schemaVersion] = /^([1-9]\d{0,15})-([1-9]\d{0,9})\.snapshot$/.exec(file) ?? []
  if (version === undefined || schemaVersion === undefined) return undefined
  return { name, version: EventVersion.parse(Number(version)), schemaVersion: Number(schemaVersion) }
}
