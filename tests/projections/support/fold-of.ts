import { inOrder } from './bank.ts'
import type { Balance } from './bank.ts'
import type { Stage } from './stage.ts'

/** What `balances` comes to: a fold of the whole log by hand. */
export async function foldOf(stage: Stage): Promise<Record<string, Balance>> {
  const folded: Record<string, Balance> = {}
  for await (const { streamId, version, type, payload } of stage.events.readAll()) {
    const { cents } = JSON.parse(String(payload)) as { readonly cents: number }
    const before = folded[streamId] ?? { cents: 0, events: 0, order: 0 }
    folded[streamId] = {
      cents: before.cents + (type === 'Withdrawn' ? -cents : cents),
      events: before.events + 1,
      order: inOrder(before.order, version),
    }
  }
  return folded
}
