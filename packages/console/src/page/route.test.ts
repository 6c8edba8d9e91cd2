import { expect, test } from 'vitest'

import { parseRoute, streamLink } from './route.ts'

test('a stream is found again by its link, whatever its id holds', () => {
  for (const id of ['cart-42', 'github-octo-org/next.js', 'a-100%', 'a-ä b#c'])
    expect(parseRoute(streamLink(id))).toEqual({ view: 'stream', id })
})

test('an address nobody made leads to the live events', () => {
  expect(parseRoute('')).toEqual({ view: 'live' })
  expect(parseRoute('#/nothing')).toEqual({ view: 'live' })
  expect(parseRoute('#/streams/%E0%A4%A')).toEqual({ view: 'stream', id: '%E0%A4%A' })
})

test('deliveries are shown by state', () => {
  expect(parseRoute('#/deliveries/dead')).toEqual({ view: 'deliveries', state: 'dead' })
  expect(parseRoute('#/deliveries/other')).toEqual({ view: 'deliveries', state: 'all' })
})

test('read models, observers and the system have addresses of their own', () => {
  expect(parseRoute('#/observers')).toEqual({ view: 'observers' })
  expect(parseRoute('#/projections')).toEqual({ view: 'projections' })
  expect(parseRoute('#/system')).toEqual({ view: 'system' })
})
