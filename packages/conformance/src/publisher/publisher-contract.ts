import type { CloudEvent } from '@millrace/contracts'

import { outcomeOf, same } from '../suite/assertions.ts'
import type { ContractCase } from '../suite/contract-case.ts'
import { freshEventId } from '../suite/fixtures.ts'
import { registerSuite } from '../suite/register.ts'
import type { PublisherDeclaration, PublisherUnderTest } from './declaration.ts'

/** One promise of a publisher. */
export type PublisherCase = ContractCase<PublisherUnderTest>

function outgoing(n: number, change: Partial<CloudEvent> = {}): CloudEvent {
  return {
    specversion: '1.0',
    id: freshEventId(),
    source: 'urn:millrace:suite',
    type: 'fact-recorded',
    subject: 'suite-1',
    time: '2026-11-21T00:00:00.000Z',
    datacontenttype: 'application/json',
    data: { n },
    ...change,
  }
}

/** Of what was received, these events. */
async function arrived(
  { received }: PublisherUnderTest,
  sent: readonly CloudEvent[],
): Promise<readonly CloudEvent[]> {
  const ids = new Set(sent.map(({ id }) => id))
  return (await received()).filter(({ id }) => ids.has(id))
}

/** Every promise of a publisher, for any test runner. */
export const publisherCases: readonly PublisherCase[] = [
  {
    name: 'what was published is there, in its order and without loss',
    run: async (context) => {
      const events = Array.from({ length: 25 }, (_, n) =>
        outgoing(n, { type: n % 2 === 0 ? 'fact-recorded' : 'fact.withdrawn', traceparent: `t-${n}` }),
      )
      await context.publisher.publish(events)
      same(await arrived(context, events), events)
    },
  },
  {
    name: 'what is published again is there once',
    run: async (context) => {
      const events = [outgoing(1), outgoing(2), outgoing(3)]
      await context.publisher.publish(events.slice(0, 2))
      await context.publisher.publish(events)
      same(await arrived(context, events), events)
    },
  },
  {
    name: 'texts of every alphabet, and an id with a part, arrive as they are',
    run: async (context) => {
      const data = { text: 'ä 漢 🦀 " \u0000 \r\n', list: [1, null, { deep: true }] }
      const events = [outgoing(1, { id: `${freshEventId()}#2`, data, type: 'äöü 🦀' })]
      await context.publisher.publish(events)
      same(await arrived(context, events), events)
    },
  },
  {
    name: 'nothing is published of nothing',
    run: async ({ publisher }) => same(await outcomeOf(publisher.publish([])), undefined),
  },
  {
    name: 'a wait that was ended begins nothing more',
    run: async (context) => {
      const events = [outgoing(1)]
      const signal = AbortSignal.abort(new Error('ended'))
      same((await outcomeOf(context.publisher.publish(events, { signal }))) instanceof Error, true)
      same(await arrived(context, events), [])
    },
  },
]

/** Puts a publisher to every promise of its port, as one vitest suite. To be called at a test file's top level. */
export function publisherContract({ name, open }: PublisherDeclaration): void {
  registerSuite({ title: `${name} keeps the contract of a publisher`, cases: publisherCases, open })
}
