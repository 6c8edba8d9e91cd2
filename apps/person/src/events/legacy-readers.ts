import type { Envelope, EnvelopeOf } from '@millrace/contracts'

import { personDowncasters } from './downcasters.ts'
import { personUpcasters } from './upcasters.ts'
import { PersonV1 } from './v1.ts'
import { PersonV2 } from './v2.ts'

/**
 * A recorded event as a reader of the first generation knows it, whichever generation wrote it. What the first
 * generation wrote stays as it lies, also what today is split.
 *
 * @throws `DowncastFailedError` for what the first generation has no words for
 */
export function asV1(recorded: Envelope): EnvelopeOf<typeof PersonV1> {
  return PersonV1.$.parse(personDowncasters.downcast(recorded, 1))
}

/** A recorded event as readers of the second generation know it: several where it was split, none where it said nothing. */
export function asV2(recorded: Envelope): readonly EnvelopeOf<typeof PersonV2>[] {
  return [personUpcasters.upcast(recorded)]
    .flat()
    .map((current) => PersonV2.$.parse(personDowncasters.downcast(current, 2)))
}
