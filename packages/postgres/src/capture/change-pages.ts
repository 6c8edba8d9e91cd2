import type { LogFilter } from '@millrace/contracts'

import { SettledSequence } from '../log/settled-sequence.ts'
import type { SequenceEnds } from '../log/settled-sequence.ts'
import type { SqlDatabase, TextRow } from '../sql/sql-database.ts'
import type { ChangeTexts } from './change-texts.ts'

/** A row of a page; without text where only its place was asked for. */
export interface ChangeRow {
  readonly seq: number
  readonly lastIndex: number
  readonly text: TextRow | undefined
}

interface PlaceRow {
  readonly seq: number
  readonly last_index: number
}

/** The most rows of nearly every commit: as sql/0013 has it. */
const commitRows = 100
const pageBytes = 4_000_000

function rowOf(text: TextRow): ChangeRow & { readonly index: number } {
  return { seq: Number(text[5]), index: Number(text[6]), lastIndex: Number(text[7]), text }
}

const placeOf = ({ seq, last_index: lastIndex }: PlaceRow): ChangeRow => ({ seq, lastIndex, text: undefined })

/** The rows without a last commit that was cut by the end of the page. */
function wholeCommits<Row extends ChangeRow & { readonly index: number }>(
  rows: readonly Row[],
): readonly Row[] {
  const last = rows.at(-1)
  if (last === undefined || last.index === last.lastIndex) return rows
  return rows.slice(
    0,
    rows.findIndex(({ seq }) => seq === last.seq),
  )
}

/** Reads changes in the order of the log, commit by commit, and never past one that may still come. */
export class ChangePages {
  readonly #database: SqlDatabase
  readonly #texts: ChangeTexts
  readonly #places: SettledSequence<ChangeRow>
  /** Rows of the largest commit of the last page: so many may have to follow those that were asked for. */
  #commitRows = commitRows

  constructor(database: SqlDatabase, texts: ChangeTexts) {
    this.#database = database
    this.#texts = texts
    const first = async (text: string, values: readonly unknown[]): Promise<ChangeRow | undefined> => {
      const [row] = await database.query<PlaceRow>(text, values)
      return row === undefined ? undefined : placeOf(row)
    }
    this.#places = new SettledSequence<ChangeRow>(database, {
      after: async (seq) => {
        const next = await first(texts.next, [seq])
        return next === undefined ? [] : [next]
      },
      last: () => first(texts.last, []),
      beforeHole: (seq) => first(texts.beforeHole, [seq]),
    })
  }

  /** Whether a commit after a number may be handed out now. */
  async hasMore(after: number): Promise<boolean> {
    return (await this.#places.read(after, 1)).length > 0
  }

  async ends(): Promise<SequenceEnds<ChangeRow>> {
    return await this.#places.ends()
  }

  /**
   * Whole commits after a number, up to the one that reaches so many rows; at least one where there is any. Rows that a
   * filter leaves out are among them, without their data.
   */
  async read(after: number, maxRows: number, filter: LogFilter | undefined): Promise<readonly ChangeRow[]> {
    const rows = await this.#places.read(after, maxRows, () =>
      this.#page(after, maxRows + this.#commitRows, filter),
    )
    const reaching = rows[maxRows - 1]
    return reaching === undefined ? rows : rows.filter(({ seq }) => seq <= reaching.seq)
  }

  async #page(after: number, limit: number, filter: LogFilter | undefined): Promise<readonly ChangeRow[]> {
    const { types, categories } = filter ?? {}
    const isFiltered = types !== undefined || categories !== undefined
    const values = [after, limit, pageBytes, ...(isFiltered ? [types ?? null, categories ?? null] : [])]
    const text = isFiltered ? this.#texts.filteredPage : this.#texts.page
    const rows = (await this.#database.queryText(text, values)).map(rowOf)
    const whole = wholeCommits(rows)
    this.#commitRows = rows.reduce((most, { lastIndex }) => Math.max(most, lastIndex + 1), 1)
    const [first] = rows
    if (whole.length > 0 || first === undefined) return whole
    // One commit that is larger than a page.
    return (await this.#database.queryText(this.#texts.commit, [first.seq])).map(rowOf)
  }
}
