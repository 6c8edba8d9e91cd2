import { createStreamId, isStreamKey } from '@millrace/contracts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { Subjects } from './subjects.ts'

const subjects = new Subjects('shop')
const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter(isStreamKey)

describe('the subjects of a store', () => {
  test('hold bucket, category and key of a stream, each one token', () => {
    expect(subjects.stream(createStreamId('cart', '42'))).toBe('shop.es.41.cart.42')
    expect(subjects.stream(createStreamId('cart', 'a.b *>'))).toBe('shop.es.10.cart.a%2Eb%20%2A%3E')
    expect(subjects.bucket(7)).toBe('shop.es.07.*.*')
    expect(subjects.events('cart')).toBe('shop.es.*.cart.*')
    expect(subjects.events()).toBe('shop.es.*.*.*')
  })

  test('lead back to the stream', () => {
    fc.assert(
      fc.property(key, (text) => {
        const streamId = createStreamId('user', text)
        const subject = subjects.stream(streamId)
        expect(subject).toMatch(/^shop\.es\.\d\d\.user\.[\w%-]+$/)
        expect(subjects.placeOf(subject)).toMatchObject({ kind: 'events', streamId })
        expect(subjects.isEvents(subject)).toBe(true)
      }),
    )
  })

  test('tell foreign ids and sources apart, whatever is in them', () => {
    const ids = [
      { source: 'a', id: 'b.c' },
      { source: 'a.b', id: 'c' },
      { source: 'A', id: 'b.c' },
      { source: 'a', id: '*' },
    ]
    const all = ids.map((id) => subjects.foreignId(id))
    expect(new Set(all).size).toBe(ids.length)
    for (const subject of all) {
      expect(subject.split('.')).toHaveLength(4)
      expect(subjects.placeOf(subject)).toEqual({ kind: 'foreign-id' })
    }
  })

  test('are told from each other and from those of another store', () => {
    expect(subjects.placeOf(subjects.fence('p1'))).toEqual({ kind: 'fence' })
    expect(subjects.placeOf('shop.other.1')).toEqual({ kind: 'unknown' })
    expect(subjects.placeOf('shopping.es.41.cart.42')).toEqual({ kind: 'unknown' })
  })

  test.each([
    ['a wrong bucket', 'shop.es.40.cart.42'],
    ['a category that is none', 'shop.es.41.Cart.42'],
    ['a key that is not escaped as we do it', 'shop.es.41.cart.4%32'],
    ['half an escape', 'shop.es.41.cart.%4'],
    ['no key', 'shop.es.41.cart'],
    ['a key that is no key', 'shop.es.41.cart.%20'],
  ])('with %s belong to no stream', (_, subject) => {
    expect(subjects.placeOf(subject)).toEqual({ kind: 'unknown' })
  })

  test('are remembered only so far', () => {
    for (let i = 0; i < 17_000; i++) subjects.placeOf(`shop.fid.a.${i}`)
    expect(subjects.placeOf('shop.es.41.cart.42')).toMatchObject({ kind: 'events', bucket: 41 })
  })
})
