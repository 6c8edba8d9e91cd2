import type { ChainQuery, Management } from '@millrace/app'
import { InvalidValueError } from '@millrace/contracts'

import { readJsonObject } from '../http/read-body.ts'
import { actorOf, found, readOrder } from './answers.ts'
import type { Route } from './route.ts'

// A quarter of a kilobyte an anchor.
const maxAnchorBytes = 64_000_000

function textOf(order: Readonly<Record<string, unknown>>, name: string): string {
  const value = order[name]
  if (typeof value !== 'string') throw new InvalidValueError(name, 'text')
  return value
}

async function chainQuery(request: Request): Promise<ChainQuery> {
  const { streamId, anchors, ...more } = await readJsonObject(request, maxAnchorBytes)
  const [unknown] = Object.keys(more)
  if (unknown !== undefined)
    throw new InvalidValueError(unknown, 'one of the known fields: streamId, anchors')
  if (streamId !== undefined && typeof streamId !== 'string') throw new InvalidValueError('streamId', 'text')
  if (anchors !== undefined && !(Array.isArray(anchors) && anchors.every(isAnchor)))
    throw new InvalidValueError('anchors', 'a list of anchors as they were given out')
  return {
    ...(streamId === undefined ? {} : { streamId }),
    ...(anchors === undefined ? {} : { anchors: anchors as NonNullable<ChainQuery['anchors']> }),
  }
}

function isAnchor(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const texts = ['generation', 'streamId', 'hash', 'keyId', 'signature'].map(
    (name) => Reflect.get(value, name) as unknown,
  )
  const numbers = ['version', 'anchoredAt'].map((name) => Reflect.get(value, name) as unknown)
  return texts.every((text) => typeof text === 'string') && numbers.every(Number.isSafeInteger)
}

/** Erasing data subjects, and the hash chain. */
export function privacyRoutes(management: Management): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/api/privacy/erasures',
      target: 'subject',
      handle: async (request) => {
        const order = await readOrder(request, ['subject', 'by', 'reason'])
        const [subject, reason] = [textOf(order, 'subject'), textOf(order, 'reason')]
        return found(
          await management.eraseSubject(subject, { by: actorOf(order), reason }),
          'privacy of this app',
        )
      },
    },
    {
      method: 'POST',
      path: '/api/chain/verify',
      role: 'read',
      handle: async (request) =>
        found(await management.verifyChain(await chainQuery(request)), 'a hash chain'),
    },
    {
      method: 'POST',
      path: '/api/chain/anchors',
      handle: async () => found(await management.anchorChain(), 'a hash chain'),
    },
  ]
}
