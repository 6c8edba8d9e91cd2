import { describe, expect, test } from 'vitest'

import { checkMetadata } from './check-metadata.ts'
import { childMetadata, traceIdOf } from './metadata.ts'

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

describe('metadata of a caused message', () => {
  test('inherits the conversation and names its cause', () => {
    const child = childMetadata({ id: 'e2', metadata: { correlationId: 'c1', causationId: 'e1' } })
    expect(child).toEqual({ correlationId: 'c1', causationId: 'e2' })
  })

  test('begins the conversation at a cause that has none', () => {
    expect(childMetadata({ id: 'e1', metadata: {} })).toEqual({ correlationId: 'e1', causationId: 'e1' })
  })

  test('carries tenant, actor and trace on, but nothing of custom', () => {
    const carried = { tenant: 't1', actor: { kind: 'user', id: 'u1' }, traceparent } as const
    expect(childMetadata({ id: 'e1', metadata: { ...carried, custom: { ip: '::1' } } })).toEqual({
      ...carried,
      correlationId: 'e1',
      causationId: 'e1',
    })
  })

  test('takes own fields first, but never for correlation and causation', () => {
    const cause = { id: 'e1', metadata: { tenant: 't1', correlationId: 'c1' } }
    const own = { tenant: 't2', correlationId: 'x', causationId: 'y', custom: { a: 1 } }
    expect(childMetadata(cause, own)).toEqual({
      tenant: 't2',
      custom: { a: 1 },
      correlationId: 'c1',
      causationId: 'e1',
    })
  })

  test('an own field that is undefined hides nothing', () => {
    const own = { tenant: undefined } as never
    const child = childMetadata({ id: 'e1', metadata: { tenant: 't1' } }, own)
    expect(Object.entries(child)).toEqual([
      ['tenant', 't1'],
      ['correlationId', 'e1'],
      ['causationId', 'e1'],
    ])
  })

  test('is valid metadata', () => {
    expect(() => checkMetadata(childMetadata({ id: 'e1', metadata: { traceparent } }))).not.toThrow()
  })
})

test('the trace id is read out of a traceparent', () => {
  expect(traceIdOf(traceparent)).toBe('4bf92f3577b34da6a3ce929d0e0e4736')
})
