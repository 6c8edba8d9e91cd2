import { describe, expect, test } from 'vitest'

import { createAnonymizer } from './create-anonymizer.ts'
import { generalise, hash, mask, pseudonym, suppress } from './transforms.ts'

const key = new Uint8Array(32).fill(1)
const salt = 'a salt of enough bytes'
const envelope = (type: string, data: unknown) =>
  ({
    type,
    data,
    schemaVersion: 1,
    streamId: 'customer-ada',
    occurredAt: new Date(5),
    metadata: { tenant: 't' },
  }) as never

describe('a transform', () => {
  test('masks all but the ends', () => {
    expect(mask()('Ada 😀')).toBe('*****')
    expect(mask({ start: 1, end: 2, character: '•' })('DE1234')).toBe('D•••34')
    expect(mask({ start: 2, end: 2 })('abc')).toBe('***')
    expect(mask()(null)).toBeNull()
    expect(() => mask({ start: -1 })).toThrow(expect.objectContaining({ field: 'start' }))
    expect(() => mask({ end: 0.5 })).toThrow(expect.objectContaining({ field: 'end' }))
  })

  test('hashes with its salt, alike for equal values', () => {
    const [one, other] = [hash({ salt }), hash({ salt: `${salt}!` })]
    expect(one('ada')).toMatch(/^[0-9a-f]{64}$/)
    expect([one('ada') === one('ada'), one('ada') === one('bob'), one('ada') === other('ada')]).toEqual([
      true,
      false,
      false,
    ])
    expect(() => hash({ salt: 'short' })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: 'salt' }),
    )
  })

  test('gives pseudonyms that are equal for equal values under one key', () => {
    const [one, other] = [pseudonym({ key, prefix: 'p-' }), pseudonym({ key: new Uint8Array(32) })]
    expect(one('ada')).toMatch(/^p-[0-9a-f]{32}$/)
    expect([one('ada') === one('ada'), one('ada') === one('bob')]).toEqual([true, false])
    expect(one('ada')).not.toContain(String(other('ada')))
    expect(() => pseudonym({ key: new Uint8Array(31) })).toThrow(expect.objectContaining({ setting: 'key' }))
  })

  test('generalises and suppresses', () => {
    expect(generalise((date: Date) => date.getUTCFullYear())(new Date(0))).toBe(1970)
    expect(suppress('none')('Ada')).toBe('none')
  })
})

describe('an anonymizer', () => {
  test.each([
    ['text', 'Main Street 5'],
    ['a map', new Map([['street', 'Main Street 5']])],
    ['text in a list', ['Main Street 5']],
  ])('lets nothing through where a rule leads into %s', (_, address) => {
    const careful = createAnonymizer({ types: { Registered: { 'address.street': mask() } } })
    expect(() => careful.anonymize(envelope('Registered', { address }))).toThrow(
      expect.objectContaining({
        code: 'ERR_EVENT_SERIALIZATION',
        message: expect.stringContaining('data.address') as string,
      }),
    )
    expect(careful.anonymize(envelope('Registered', { address: null }))?.event.data).toEqual({
      address: null,
    })
  })

  const anonymizer = createAnonymizer({
    types: {
      Registered: {
        name: suppress(),
        id: pseudonym({ key }),
        'address.street': mask(),
        'phones.number': mask({ end: 2 }),
      },
      Kept: {},
    },
    streamKey: pseudonym({ key }),
    occurredAt: () => new Date(0),
  })

  test('applies the rules of a type, in lists too, and leaves the original alone', () => {
    const data = {
      name: 'Ada',
      id: 'ada',
      vip: true,
      address: { street: 'Ring 1', city: 'Köln' },
      phones: [{ number: '12345' }, { number: null }],
    }
    const before = structuredClone(data)
    const anonymous = anonymizer.anonymize(envelope('Registered', data))
    expect(data).toEqual(before)
    expect(anonymous?.event.data).toEqual({
      id: pseudonym({ key })('ada'),
      vip: true,
      address: { street: '******', city: 'Köln' },
      phones: [{ number: '***45' }, { number: null }],
    })
    expect(anonymous?.streamId).toBe(`customer-${String(pseudonym({ key })('ada'))}`)
    expect(anonymous?.event).toMatchObject({ type: 'Registered', occurredAt: new Date(0) })
    expect(anonymous?.event.metadata).toBeUndefined()
  })

  test('lets no type through that it has no rules for', () => {
    expect(anonymizer.anonymize(envelope('Kept', { n: 1 }))?.event.data).toEqual({ n: 1 })
    expect(() => anonymizer.anonymize(envelope('Other', {}))).toThrow(
      expect.objectContaining({ code: 'ERR_EVENT_SERIALIZATION', eventType: 'Other' }),
    )
    const dropping = createAnonymizer({ types: {}, otherTypes: 'drop' })
    expect(dropping.anonymize(envelope('Other', {}))).toBeUndefined()
  })
})
