import { afterEach, expect, inject, test, vi } from 'vitest'

import { eventually } from '../../fixtures/eventually.ts'
import { TcpWay } from '../../fixtures/tcp-way.ts'
import { openNatsLink } from './connect.ts'
import { MessageFrames } from './message-frames.ts'

afterEach(() => vi.restoreAllMocks())

test('an own connection reads messages so, after a reconnect too', async () => {
  await using way = await TcpWay.open(inject('servers').nats)
  const parse = vi.spyOn(MessageFrames.prototype, 'parse')
  await using link = await openNatsLink({ servers: way.url })
  await link.api('INFO')
  expect(parse).toHaveBeenCalled()
  let reconnects = 0
  link.onReconnect(() => (reconnects += 1))
  way.cut()
  await eventually(() => reconnects === 1)
  parse.mockClear()
  await link.api('INFO')
  expect(parse).toHaveBeenCalled()
})
