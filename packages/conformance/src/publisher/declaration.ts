import type { CloudEvent, Publisher } from '@millrace/contracts'

/** A publisher, as the adapter hands it to the suite. */
export interface PublisherUnderTest extends AsyncDisposable {
  readonly publisher: Publisher
  /** What readers on the other side have by now, in the order it came, each id once. */
  readonly received: () => Promise<readonly CloudEvent[]>
}

/** What an adapter says about itself before its publisher is put to the contract. */
export interface PublisherDeclaration {
  /** Names the suite. */
  readonly name: string
  /** Opens the publisher under test, once for all cases; they use event ids of their own. */
  readonly open: () => Promise<PublisherUnderTest>
}
