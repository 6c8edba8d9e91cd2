import type { RecordCopy } from '@millrace/contracts'

import { cleanText } from './texts.ts'

interface StoredRecord {
  readonly contentType: string
  readonly payload?: string
  /** A payload of bytes, in base64. */
  readonly bytes?: string
  readonly description: Readonly<Record<string, string | number>>
  readonly subject?: string
}

/** A record copy as the JSON text it is stored as: byte for byte, whatever the payload holds. */
export function recordJson({ contentType, payload, description, subject }: RecordCopy): string {
  const content =
    typeof payload === 'string' ? { payload } : { bytes: Buffer.from(payload).toString('base64') }
  const stored: StoredRecord = {
    contentType,
    ...content,
    description,
    ...(subject === undefined ? {} : { subject }),
  }
  return JSON.stringify(stored)
}

/** The subject as a column, so that what is kept of a person can be found and erased. */
export function recordSubject(record: RecordCopy | undefined): string | null {
  return record?.subject === undefined ? null : cleanText(record.subject)
}

export function toRecordCopy(json: string): RecordCopy {
  const { contentType, payload, bytes, description, subject } = JSON.parse(json) as StoredRecord
  return {
    contentType,
    payload: payload ?? new Uint8Array(Buffer.from(bytes ?? '', 'base64')),
    description,
    subject,
  }
}
