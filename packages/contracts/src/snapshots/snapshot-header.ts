import { hash } from 'node:crypto'

import type { Encryption } from '../envelope/envelope.ts'
import { isStreamId } from '../ids/stream-id.ts'
import { isUlid } from '../ids/ulid.ts'
import type { CommitId } from '../ids/ulid.ts'
import type { EventVersion } from '../values/event-version.ts'
import { formatPosition, parsePosition } from '../values/position.ts'
import type { Position } from '../values/position.ts'
import type { SnapshotChecksum, SnapshotCompression, SnapshotHeader } from './snapshot.ts'

const format = 1
const compressions: readonly unknown[] = ['none', 'gzip', 'zstd'] satisfies readonly SnapshotCompression[]
const algorithms: readonly unknown[] = [
  'sha256',
  'xxhash64',
  'md5',
] satisfies readonly SnapshotChecksum['algorithm'][]

/** Found beside the fields it is made of: a bound that was changed by a faulty disk would give a wrong past. */
function digestOf(fields: string): string {
  return hash('sha256', fields, 'hex').slice(0, 16)
}

/** A header as JSON text of format 1, with the length of its state, and a digest of its own at the end. */
export function formatSnapshotHeader(header: SnapshotHeader, bytes: number): string {
  const { streamId, name, version, schemaVersion, eventVersions, position, commitId } = header
  const fields = JSON.stringify({
    format,
    streamId,
    name,
    version,
    schemaVersion,
    eventVersions,
    position: formatPosition(position),
    commitId,
    occurredAt: header.occurredAt.getTime(),
    recordedAt: header.recordedAt.getTime(),
    takenAt: header.takenAt.getTime(),
    contentType: header.contentType,
    compression: header.compression,
    checksum: header.checksum,
    contentChecksum: header.contentChecksum,
    encryption: header.encryption,
    bytes,
  })
  return `${fields.slice(0, -1)},"digest":"${digestOf(fields)}"}`
}

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isHex = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{16,128}$/.test(value)
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isFrom = (least: number, value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= least

function isEncryption(value: unknown): value is Encryption {
  return isFields(value) && isText(value['subject']) && isText(value['keyId'])
}

function isChecksum(value: unknown): value is SnapshotChecksum {
  if (!isFields(value) || !algorithms.includes(value['algorithm'])) return false
  return isHex(value['value'])
}

function isEventVersions(value: unknown): value is Readonly<Record<string, number>> {
  return isFields(value) && Object.values(value).every((version) => isFrom(1, version))
}

function positionIn(text: unknown): Position | undefined {
  try {
    return isText(text) ? parsePosition(text) : undefined
  } catch {
    return undefined
  }
}

function fieldsIn(text: string): Fields | undefined {
  const [, members = '', digest] = /^(.*),"digest":"([0-9a-f]{16})"\}$/.exec(text) ?? []
  const json = `${members}}`
  if (digest === undefined || digestOf(json) !== digest) return undefined
  try {
    const fields: unknown = JSON.parse(json)
    return isFields(fields) && fields['format'] === format ? fields : undefined
  } catch {
    return undefined
  }
}

type Place = Omit<
  SnapshotHeader,
  'eventVersions' | 'contentType' | 'compression' | 'checksum' | 'contentChecksum' | 'encryption'
>

/** The place and the times; undefined where one of them is none. */
function placeIn(fields: Fields): Place | undefined {
  const { streamId, name, version, schemaVersion, commitId, occurredAt, recordedAt, takenAt } = fields
  const position = positionIn(fields['position'])
  if (!isText(streamId) || !isStreamId(streamId) || !isText(name) || position === undefined) return undefined
  if (!isFrom(1, version) || !isFrom(1, schemaVersion) || !isText(commitId) || !isUlid(commitId))
    return undefined
  if (!isFrom(0, occurredAt) || !isFrom(0, recordedAt) || !isFrom(0, takenAt)) return undefined
  return {
    streamId,
    name,
    version: version as EventVersion,
    schemaVersion,
    position,
    commitId: commitId as CommitId,
    occurredAt: new Date(occurredAt),
    recordedAt: new Date(recordedAt),
    takenAt: new Date(takenAt),
  }
}

/** Reads what {@link formatSnapshotHeader} wrote; undefined for anything else, and for what a newer release wrote. */
export function parseSnapshotHeader(
  text: string,
): { readonly header: SnapshotHeader; readonly bytes: number } | undefined {
  const fields = fieldsIn(text)
  const place = fields && placeIn(fields)
  if (place === undefined) return undefined
  const { eventVersions, contentType, compression, checksum, contentChecksum, encryption, bytes } =
    fields ?? {}
  if (!isEventVersions(eventVersions) || !isText(contentType) || !isChecksum(checksum)) return undefined
  if (contentChecksum !== undefined && !isHex(contentChecksum)) return undefined
  if (!compressions.includes(compression) || !isFrom(0, bytes)) return undefined
  if (!Array.isArray(encryption) || !encryption.every(isEncryption)) return undefined
  const header: SnapshotHeader = {
    ...place,
    eventVersions,
    contentType,
    compression: compression as SnapshotCompression,
    checksum,
    contentChecksum,
    encryption,
  }
  return { header, bytes }
}
