-- 0012_dedup_and_jobs: foreign ids seen at intake, and jobs (docs/reference/dedup-and-job-tables.md)
-- in:    schema name
-- out:   seen_ids, jobs
-- locks: none that running code waits for: everything is new

-- One row an id of a source, until it expires. No owner and no lease: it is done.
create table :schema.seen_ids (
  source      text        not null collate "C",
  id          text        not null collate "C",
  commit_id   text        not null,
  owner       text,
  lease_until timestamptz,
  expires_at  timestamptz not null,
  primary key (source, id)
) with (fillfactor = 70);
create index seen_ids_expiry on :schema.seen_ids (expires_at);

-- One row a job. Open jobs are claimed by moving `run_at` to the end of a lease: one whose worker dies is due again by itself.
create table :schema.jobs (
  queue        text        not null collate "C",
  id           text        not null collate "C",
  name         text        not null,
  data         json        not null,
  state        text        not null default 'open' check (state in ('open', 'done', 'dead')),
  -- When it is due; of a job a worker has, when its lease ends.
  run_at       timestamptz not null,
  -- Of the worker that has it; null while nobody has.
  token        uuid,
  -- How often it was begun.
  attempts     int         not null default 0,
  max_attempts int         not null check (max_attempts >= 1),
  progress     json,
  -- Of the last attempt that failed.
  error        text,
  enqueued_at  timestamptz not null default clock_timestamp(),
  ended_at     timestamptz,
  primary key (queue, id)
) with (fillfactor = 70);
create index jobs_due on :schema.jobs (queue, run_at, id) where state = 'open';
create index jobs_ended on :schema.jobs (queue, state, ended_at) where state <> 'open';
