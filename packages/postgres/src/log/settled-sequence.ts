import type { SqlDatabase } from '../sql/sql-database.ts'

/** A committed row of a log that is numbered by a sequence without cache, drawn after its transaction's id. */
export interface SequencedRow {
  readonly seq: number
}

/** How committed rows are looked up; a fresh snapshot each time. */
export interface SequenceSource<Row extends SequencedRow> {
  /** Rows after a number, in order, at most `limit`. */
  readonly after: (seq: number, limit: number) => Promise<readonly Row[]>
  /** The last row there is. */
  readonly last: () => Promise<Row | undefined>
  /** The last row before the first number above `seq` that is missing below another. */
  readonly beforeHole: (seq: number) => Promise<Row | undefined>
}

/** The two ends of a log; undefined where there is no row before them. */
export interface SequenceEnds<Row extends SequencedRow> {
  /** The last row there was when it was looked. */
  readonly visible: Row | undefined
  /** The last row that {@link SettledSequence.read} would hand out. */
  readonly settled: Row | undefined
}

/** Taken by a transaction of our own, hence above that of every writer that drew a number before. */
const takeTransactionId = 'select pg_current_xact_id()::text::bigint as id'
const oldestRunning = 'select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as id'

/** So many numbers are looked at one by one rather than proved. */
const nearNumbers = 1_000

/** A proof under way: when every transaction below `transactionId` has ended, no number up to `upTo` is open. */
interface Proof {
  readonly upTo: number
  readonly transactionId: number
}

/**
 * Reads a log in the order of its sequence without ever skipping a number that may still be committed.
 *
 * A number that is missing below one that is there is a hole: its transaction runs still, or was rolled back. A hole
 * is passed only when three statements have come one after the other: one saw a higher number, the next took a
 * transaction id X, and the third found no transaction below X running. Whoever drew the hole's number had its
 * transaction id before that, so below X, and has ended. The rows are read again after that. (X cannot be
 * `pg_snapshot_xmax`: that is one above the highest *ended* transaction, and a writer that runs may lie above it.)
 */
export class SettledSequence<Row extends SequencedRow> {
  readonly #database: SqlDatabase
  readonly #source: SequenceSource<Row>
  /** Every number up to here was committed or rolled back before this was set. */
  #settled = 0
  #proof: Proof | undefined

  constructor(database: SqlDatabase, source: SequenceSource<Row>) {
    this.#database = database
    this.#source = source
  }

  /**
   * The rows after a number that may be handed out now; ends before the first hole that is not proved. A reader whose
   * rows are not those of the source brings its own `load`, which may give several rows of one number.
   */
  async read(
    after: number,
    limit: number,
    load: SequenceSource<Row>['after'] = this.#source.after,
  ): Promise<readonly Row[]> {
    // What was settled before the rows were read: a row committed in between is in them.
    const settled = this.#settled
    const rows = await load(after, limit)
    const safe = withoutHoles(rows, after, settled)
    const last = rows.at(-1)
    if (last === undefined) return rows
    if (safe.length === rows.length) {
      // Not one number is missing up to here.
      if (after <= settled) this.#settled = Math.max(this.#settled, last.seq)
      return rows
    }
    await this.#settle(last.seq)
    if (this.#settled === settled) return safe
    const proved = this.#settled
    return withoutHoles(await load(after, limit), after, proved)
  }

  /** Where the log ends now. */
  async ends(): Promise<SequenceEnds<Row>> {
    const visible = await this.#source.last()
    return { visible, settled: await this.#settledUpTo(visible) }
  }

  async #settledUpTo(last: Row | undefined): Promise<Row | undefined> {
    if (last === undefined || last.seq <= this.#settled) return last
    // Far from what is known: a proof costs less than to look at every number in between.
    if (last.seq - this.#settled > nearNumbers) await this.#settle(last.seq)
    const reached = await this.#beforeHole()
    if (reached === undefined || reached.seq < last.seq) await this.#settle(last.seq)
    return this.#settled > (reached?.seq ?? 0) ? await this.#beforeHole() : reached
  }

  async #beforeHole(): Promise<Row | undefined> {
    return await this.#source.beforeHole(this.#settled)
  }

  /** Moves the mark as far as can be proved, at most to `seen`, a number that was read. */
  async #settle(seen: number): Promise<void> {
    if (this.#proof !== undefined) await this.#conclude(this.#proof)
    if (this.#proof !== undefined || this.#settled >= seen) return
    const proof = { upTo: seen, transactionId: await this.#ask(takeTransactionId) }
    this.#proof = proof
    await this.#conclude(proof)
  }

  async #conclude(proof: Proof): Promise<void> {
    if ((await this.#ask(oldestRunning)) < proof.transactionId) return
    this.#settled = Math.max(this.#settled, proof.upTo)
    if (this.#proof === proof) this.#proof = undefined
  }

  async #ask(text: string): Promise<number> {
    const [row] = await this.#database.query<{ id: number }>(text)
    if (row === undefined) throw new Error('a select without from gives one row')
    return row.id
  }
}

/** The rows up to the first number that is missing above `settled`. */
function withoutHoles<Row extends SequencedRow>(
  rows: readonly Row[],
  after: number,
  settled: number,
): readonly Row[] {
  let reached = Math.max(after, settled)
  for (const [index, { seq }] of rows.entries()) {
    if (seq > reached + 1) return rows.slice(0, index)
    reached = Math.max(reached, seq)
  }
  return rows
}
