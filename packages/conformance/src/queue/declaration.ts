import type { JobQueue } from '@millrace/contracts'

/** A queue, as the adapter hands it to the suite: 3 attempts, first pause 20 ms. */
export interface JobQueueUnderTest extends AsyncDisposable {
  readonly queue: JobQueue
}

/** What an adapter says about itself before its queue is put to the contract. */
export interface JobQueueDeclaration {
  /** Names the suite. */
  readonly name: string
  /** Opens an empty queue of its own for each case, with `retry: { maxAttempts: 3, initialMs: 20 }`. */
  readonly open: () => Promise<JobQueueUnderTest>
}
