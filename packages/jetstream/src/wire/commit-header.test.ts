import { createIdFactory } from '@millrace/contracts'
import type { CommitId } from '@millrace/contracts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { formatCommitHeader, parseCommitHeader } from './commit-header.ts'
import type { CommitHeader, MessageForm } from './commit-header.ts'

const mint = createIdFactory()
const from = (min: number): fc.Arbitrary<number> => fc.integer({ min, max: Number.MAX_SAFE_INTEGER })
const header: fc.Arbitrary<CommitHeader> = fc
  .record({
    form: fc.constantFrom<MessageForm>('text', 'bytes', 'batch'),
    version: from(1),
    count: from(1),
    index: from(0),
    part: fc.integer({ min: 1, max: 500 }),
    more: fc.nat(500),
    occurredAt: fc.integer({ min: 0, max: 8_640_000_000_000_000 }),
    createdAt: fc.option(from(0), { nil: undefined }),
  })
  .map(({ more, ...rest }) => ({
    ...rest,
    count: rest.form === 'batch' ? rest.count : 1,
    of: rest.part + more,
    commitId: mint() as string as CommitId,
  }))

const id = '01ARZ3NDEKTSV4RRFFQ69G5FAV'
const sound = `1 n 5 2 0 1 3 ${id} 1767323045006`

describe('the commit header', () => {
  test('says where the events of a message lie', () => {
    const fields = {
      form: 'batch',
      version: 5,
      count: 2,
      index: 0,
      part: 1,
      of: 3,
      commitId: id as CommitId,
      occurredAt: 1_767_323_045_006,
      createdAt: undefined,
    } as const
    expect(formatCommitHeader(fields, fields)).toBe(sound)
    expect(parseCommitHeader(sound)).toEqual(fields)
    expect(parseCommitHeader(`${sound} 12`)).toEqual({ ...fields, createdAt: 12 })
  })

  test('comes back as it was', () => {
    fc.assert(
      fc.property(header, (fields) => {
        expect(parseCommitHeader(formatCommitHeader(fields, fields))).toEqual(fields)
      }),
    )
  })

  test.each([
    ['more parts than a batch may have', sound.replace(' 1 3 ', ' 1 1001 ')],
    ['a time that no date holds', sound.replace('1767323045006', '8640000000000001')],
    ['nothing', ''],
    ['another format', sound.replace('1 n', '2 n')],
    ['an unknown form', sound.replace('n', 'x')],
    ['no space behind the form', sound.replace('n ', 'n')],
    ['version 0', sound.replace('5 2', '0 2')],
    ['no events', sound.replace('5 2', '5 0')],
    ['several events that are no batch', sound.replace('n', 't')],
    ['a part of its own beyond the last', sound.replace('1 3', '4 3')],
    ['part 0', sound.replace('0 1 3', '0 0 3')],
    ['leading zeros', sound.replace('5 2', '05 2')],
    ['a negative number', sound.replace('5 2', '-5 2')],
    ['a fraction', sound.replace('5 2', '5.5 2')],
    ['a number that no double holds', sound.replace('5 2', '9007199254740993 2')],
    ['an empty field', sound.replace('5 2', ' 2')],
    ['an id that is none', sound.replace(id, 'x'.repeat(26))],
    ['a lower-case id', sound.replace(id, id.toLowerCase())],
    ['an id that is cut', sound.slice(0, 30)],
    ['no time', sound.slice(0, sound.lastIndexOf(' '))],
    ['one field more', `${sound} 1 2`],
    ['a space behind it', `${sound} `],
    ['a space in front', ` ${sound}`],
    ['text behind it', `${sound}x`],
  ])('with %s is none', (_, text) => {
    expect(parseCommitHeader(text)).toBeUndefined()
  })
})
