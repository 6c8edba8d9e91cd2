-- 0002_processor_store: leases, checkpoints and the ledger of effects (docs/reference/ledger-tables.md)
-- in:    schema name
-- out:   processors, processor_partitions, deliveries, delivery_history, dead_letters, parked_records,
--        operator_actions; function maintain_delivery_history
-- locks: none that running code waits for: everything is new

create table :schema.processors (
  processor     text        not null primary key,
  log           text        not null,
  partitions    integer     not null check (partitions between 1 and 64),
  registered_at timestamptz not null default now(),
  paused        boolean     not null default false,
  -- Grows with every retry an operator asks for, so that a runtime notices at once.
  retries       bigint      not null default 0
) with (fillfactor = 50);

-- One hot row a partition: no index but the key, and room on its page, so that every update stays on it (HOT).
create table :schema.processor_partitions (
  processor        text        not null references :schema.processors,
  partition        integer     not null,
  generation       text        not null,
  checkpoint_commit bigint      not null,
  checkpoint_index  integer     not null,
  -- The highest checkpoint there ever was before the current one: deliveries up to here may be known already.
  handled_commit   bigint      not null,
  -- Deliveries up to here may have left the history; their records cause no effect again.
  forgotten_commit bigint      not null default -1,
  epoch            bigint      not null default 0,
  owner            text,
  lease_until      timestamptz,
  records_handled  bigint      not null default 0,
  last_error       text,
  updated_at       timestamptz not null default now(),
  primary key (processor, partition)
) with (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- The order in which deliveries were opened, and in which dead letters and parked records were set aside.
create sequence :schema.delivery_seq;
create sequence :schema.set_aside_seq;

-- Deliveries not ended yet: small, and wholly replaced all the time, hence the eager vacuum.
create table :schema.deliveries (
  id              text        not null primary key,
  seq             bigint      not null default nextval(':schema.delivery_seq'),
  processor       text        not null,
  partition       integer     not null,
  epoch           bigint      not null,
  action          text        not null,
  record_id       text        not null,
  generation      text        not null,
  position_commit bigint      not null,
  position_index  integer     not null,
  key             text        not null,
  state           text        not null check (state in ('open', 'retrying', 'unknown')),
  in_flight       boolean     not null,
  started_at      timestamptz,
  attempts        jsonb       not null default '[]',
  attempts_left   integer     not null check (attempts_left >= 0),
  next_attempt_at timestamptz not null,
  opened_at       timestamptz not null default now(),
  -- Of one that was a dead letter before: its record may have left the log since.
  record          json,
  record_subject  text
) with (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- Serves `due` (not in flight, by action and time), `recover` (in flight) and the counts of the status.
create index deliveries_due on :schema.deliveries (processor, partition, in_flight, action, next_attempt_at, seq);

-- Deliveries that ended delivered or cancelled, and dead ones whose dead letter was removed. Append-only.
create table :schema.delivery_history (
  id              text        not null,
  seq             bigint      not null,
  processor       text        not null,
  partition       integer     not null,
  epoch           bigint      not null,
  action          text        not null,
  record_id       text        not null,
  generation      text        not null,
  position_commit bigint      not null,
  position_index  integer     not null,
  key             text        not null,
  state           text        not null check (state in ('delivered', 'cancelled', 'dead')),
  reason          text,
  attempts        jsonb       not null,
  attempts_left   integer     not null,
  opened_at       timestamptz not null,
  ended_at        timestamptz not null
) partition by range (ended_at);

create index delivery_history_id on :schema.delivery_history (id);
create index delivery_history_newest on :schema.delivery_history (processor, seq);
create index delivery_history_exceptions on :schema.delivery_history (processor, seq) where state <> 'delivered';

-- Takes what has no day of its own, so that no insert fails for want of one.
create table :schema.delivery_history_default partition of :schema.delivery_history default;

-- Deliveries that failed for good, until somebody retries or removes them.
create table :schema.dead_letters (
  id              text        not null primary key,
  set_aside_seq   bigint      not null default nextval(':schema.set_aside_seq'),
  seq             bigint      not null,
  processor       text        not null,
  partition       integer     not null,
  epoch           bigint      not null,
  action          text        not null,
  record_id       text        not null,
  generation      text        not null,
  position_commit bigint      not null,
  position_index  integer     not null,
  key             text        not null,
  reason          text        not null,
  attempts        jsonb       not null,
  attempts_left   integer     not null,
  opened_at       timestamptz not null,
  set_aside_at    timestamptz not null default now(),
  record          json,
  record_subject  text
);

create unique index dead_letters_oldest on :schema.dead_letters (set_aside_seq);
create index dead_letters_of_processor on :schema.dead_letters (processor, set_aside_seq);
create index dead_letters_subject on :schema.dead_letters (record_subject) where record_subject is not null;

-- Records a processor could not handle.
create table :schema.parked_records (
  id              text        not null primary key,
  set_aside_seq   bigint      not null default nextval(':schema.set_aside_seq'),
  processor       text        not null,
  partition       integer     not null,
  record_id       text        not null,
  generation      text        not null,
  position_commit bigint      not null,
  position_index  integer     not null,
  reason          text        not null,
  set_aside_at    timestamptz not null default now(),
  tries           integer     not null default 1,
  retry_requested boolean     not null default false,
  record          json        not null,
  record_subject  text
);

create unique index parked_records_oldest on :schema.parked_records (set_aside_seq);
create index parked_records_of_processor on :schema.parked_records (processor, set_aside_seq);
create index parked_records_to_retry on :schema.parked_records (processor, partition, set_aside_seq)
  where retry_requested;
create index parked_records_subject on :schema.parked_records (record_subject) where record_subject is not null;

-- Who did what: to a dead letter or parked record (subject: its id) or to a processor (subject: its name).
create table :schema.operator_actions (
  seq      bigint      generated always as identity primary key,
  subject  text        not null,
  action   text        not null check (action in ('retry', 'remove', 'pause', 'resume')),
  operator text        not null,
  at       timestamptz not null default now()
);

create index operator_actions_subject on :schema.operator_actions (subject, seq);

-- maintain_delivery_history: makes the partitions of today and tomorrow (UTC), drops what is older than keep_days
-- in:    keep_days
-- out:   milliseconds until it should run again
-- locks: rows of processor_partitions, then delivery_history, access exclusive: in the order in which a settlement takes
--        them. Waits half a second for each at most: it comes back rather than hold others up
create function :schema.maintain_delivery_history(keep_days integer) returns double precision
language plpgsql set lock_timeout = '500ms' set timezone = 'UTC' as $$
declare
  today  date := now()::date;
  oldest date := today - keep_days;
  again  double precision := extract(epoch from (today + 1)::timestamptz - now()) * 1000 + 60000;
  day    date;
  gone   text;
  old    text[];
begin
  if not pg_try_advisory_xact_lock(hashtext('millrace delivery_history'), hashtext(':schema')) then return 1000; end if;
  select array_agg(child.relname order by child.relname) into old
  from pg_inherits join pg_class child on child.oid = inhrelid
  where inhparent = ':schema.delivery_history'::regclass
    and child.relname < 'delivery_history_' || to_char(oldest, 'YYYYMMDD');
  begin
    foreach gone in array coalesce(old, '{}') || array['delivery_history_default'] loop
      perform :schema.forget_deliveries(gone, oldest);
    end loop;
    delete from :schema.delivery_history_default where ended_at < oldest::timestamptz;
  exception when lock_not_available or deadlock_detected then
    -- A settlement holds a partition's row: what is not noted is not dropped.
    old := '{}';
    again := least(again, 60000);
  end;
  foreach day in array array[today, today + 1] loop
    begin
      execute format(
        'create table if not exists :schema.%I partition of :schema.delivery_history for values from (%L) to (%L)',
        'delivery_history_' || to_char(day, 'YYYYMMDD'), day::timestamptz, (day + 1)::timestamptz);
    exception when lock_not_available or deadlock_detected or check_violation then
      -- A long reader, or rows of that day in the default partition, which goes on taking them.
      again := least(again, 60000);
    end;
  end loop;
  foreach gone in array coalesce(old, '{}') loop
    begin
      execute format('drop table :schema.%I', gone);
    exception when lock_not_available or deadlock_detected then
      again := least(again, 60000);
    end;
  end loop;
  return again;
end $$;

-- forget_deliveries: notes how far the history that is about to go reaches, so that its deliveries stay known
-- in:    a partition's name; the first day that stays
-- locks: the rows of processor_partitions it changes
create function :schema.forget_deliveries(history text, oldest date) returns void
language plpgsql as $$
begin
  execute format('
    update :schema.processor_partitions p
    set forgotten_commit = greatest(p.forgotten_commit, gone.position_commit)
    from (select processor, partition, max(position_commit) as position_commit
          from :schema.%I where ended_at < $1 group by processor, partition) gone
    where p.processor = gone.processor and p.partition = gone.partition and p.forgotten_commit < gone.position_commit', history) using oldest::timestamptz;
end $$;
