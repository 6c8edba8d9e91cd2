import { otherLabel } from '@millrace/contracts'
import type { LabelBound, MetricDefinition } from '@millrace/contracts'

/** Labels of any metric. */
export type AnyLabels = Readonly<Record<string, string>>

class BoundedLabel {
  readonly name: string
  readonly #known: Set<string>
  /** How many more texts may become known. */
  #left: number

  constructor(name: string, bound: LabelBound) {
    this.name = name
    this.#known = new Set(typeof bound === 'number' ? [] : bound)
    this.#left = typeof bound === 'number' ? bound : 0
  }

  admits(text: string): boolean {
    if (this.#known.has(text)) return true
    if (this.#left === 0) return false
    this.#left -= 1
    this.#known.add(text)
    return true
  }
}

/** Keeps the number of a metric's series within what its definition says: who comes late is `other`, for good. */
export class BoundedLabels {
  readonly #labels: readonly BoundedLabel[]

  constructor({ labels }: MetricDefinition) {
    this.#labels = Object.entries(labels).map(([name, bound]) => new BoundedLabel(name, bound))
  }

  /** Exactly the labels of the definition. */
  bound(labels: AnyLabels): AnyLabels {
    const bounded: Record<string, string> = {}
    for (const label of this.#labels) {
      const text = labels[label.name]
      bounded[label.name] = text !== undefined && label.admits(text) ? text : otherLabel
    }
    return bounded
  }
}
