import { createIdFactory, isUlid, ulidTime } from '@millrace/contracts'
import type { CommitId } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { partId } from './part-id.ts'

const commandId = createIdFactory()() as string as CommitId

test('parts are named after their command, each in its own way and always the same', () => {
  const ids = Array.from({ length: 1000 }, (_, part) => partId(commandId, part))
  expect(ids[0]).toBe(commandId)
  expect(new Set(ids).size).toBe(1000)
  expect(ids.every((id) => isUlid(id) && ulidTime(id) === ulidTime(commandId))).toBe(true)
  expect(partId(commandId, 7)).toBe(ids[7])
})
