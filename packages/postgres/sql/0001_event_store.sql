-- 0001_event_store: streams, commits and events, the whole log (docs/reference/postgres-tables.md)
-- in:    schema name
-- out:   log, streams, commits, foreign_ids, events with its partitions; sequence commit_seq;
--        functions refuse_change, create_events_partition, delete_stream_events
-- locks: none that running code waits for: everything is new

-- One row. The generation is part of every position, so that a restored or swapped log is never misread.
create table :schema.log (
  only_row   boolean not null primary key default true check (only_row),
  generation text    not null collate "C"
);
insert into :schema.log (generation) values (replace(gen_random_uuid()::text, '-', ''));

-- The head of each stream: its row is the lock of an append, and what makes versions unique and gapless.
-- Times are milliseconds since 1970.
create table :schema.streams (
  stream_id            text   not null primary key collate "C",
  category             text   not null collate "C",
  version              bigint not null,
  occurred_at          bigint not null,
  -- occurred_at before the last append, for the times of that append's events.
  previous_occurred_at bigint not null,
  created_at           bigint not null,
  updated_at           bigint not null,
  tombstoned_at        bigint,
  -- Of all payloads ever appended, and of the largest: what a page of a read may hold is reckoned from it.
  payload_bytes        bigint not null,
  largest_payload      bigint not null
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- A commit draws its number after it has a transaction id and holds its streams' heads. No cache: a cached
-- number would be drawn before that.
create sequence :schema.commit_seq as bigint cache 1;

create table :schema.commits (
  seq           bigint not null primary key,
  commit_id     text   not null collate "C" unique,
  -- SHA-256 of the content; null where the store minted all ids, for then nobody can repeat the commit.
  fingerprint   bytea,
  recorded_at   bigint not null,
  event_count   int    not null,
  payload_bytes bigint not null,
  -- The result, one item a stream, for those who repeat the commit.
  stream_ids    text[]   not null,
  versions      bigint[] not null,
  last_indexes  int[]    not null
);

create table :schema.foreign_ids (
  source     text   not null collate "C",
  id         text   not null collate "C",
  commit_seq bigint not null,
  primary key (source, id)
);

create table :schema.events (
  commit_seq         bigint   not null,
  version            bigint   not null,
  occurred_at        bigint   not null,
  recorded_at        bigint   not null,
  commit_index       int      not null,
  schema_version     int      not null,
  bucket             smallint not null,
  stream_id          text     not null collate "C",
  event_id           text     not null collate "C",
  commit_id          text     not null collate "C",
  type               text     not null collate "C",
  -- Text as it was written, where content_type is JSON; otherwise payload_binary holds it.
  payload            json,
  payload_binary     bytea,
  -- True where payload_binary is text in UTF-8.
  payload_is_text    boolean,
  -- Null: application/json.
  content_type       text     collate "C",
  -- As it was written; null: {}. The four columns below it repeat what is searched for.
  metadata           json,
  correlation_id     text     collate "C",
  causation_id       text     collate "C",
  tenant             text     collate "C",
  trace_id           text     collate "C",
  -- Reserved: dynamic consistency boundaries, splits by upcasters, encryption, hash chain.
  tags               text[]   collate "C",
  part_index         smallint,
  part_count         smallint,
  encryption_subject text     collate "C",
  encryption_key_id  text     collate "C",
  previous_hash      text     collate "C",
  primary key (commit_seq, commit_index)
) partition by range (commit_seq);

create index events_stream on :schema.events (stream_id, version);
create index events_type on :schema.events (type, occurred_at);
create index events_correlation on :schema.events (correlation_id, commit_seq, commit_index) where correlation_id is not null;
create index events_causation on :schema.events (causation_id, commit_seq, commit_index) where causation_id is not null;
create index events_tenant on :schema.events (tenant, commit_seq, commit_index) where tenant is not null;
create index events_trace on :schema.events (trace_id, commit_seq, commit_index) where trace_id is not null;

-- What is recorded stays as it is. The one exception is the deletion of a stream's events by
-- delete_stream_events, which names the stream for the rest of its transaction.
create function :schema.refuse_change() returns trigger language plpgsql as $$
begin
  -- Two conditions, one inside the other: commits have no stream_id.
  if tg_op = 'DELETE' and tg_table_name like 'events%' then
    if current_setting('millrace.tombstoning', true) = tg_table_schema || '.' || old.stream_id then
      return old;
    end if;
  end if;
  raise exception '% on %.% refused: recorded events and commits never change', tg_op, tg_table_schema, tg_table_name
    using errcode = 'restrict_violation';
end $$;

create trigger commits_stay before update or delete on :schema.commits
  for each row execute function :schema.refuse_change();
create trigger commits_stay_all before truncate on :schema.commits
  for each statement execute function :schema.refuse_change();
create trigger events_stay before update or delete on :schema.events
  for each row execute function :schema.refuse_change();
create trigger events_stay_all before truncate on :schema.events
  for each statement execute function :schema.refuse_change();

-- A partition for the commits from_seq to below to_seq. A TRUNCATE of the partition itself is refused like one of
-- the whole table.
create function :schema.create_events_partition(name text, from_seq bigint, to_seq bigint) returns void
language plpgsql as $$
begin
  execute format('create table :schema.%I partition of :schema.events for values from (%s) to (%s)', name, from_seq, to_seq);
  execute format('create trigger events_stay_all before truncate on :schema.%I for each statement execute function :schema.refuse_change()', name);
end $$;

select :schema.create_events_partition('events_p0', 0, 10000000);
select :schema.create_events_partition('events_p1', 10000000, 20000000);
-- Takes what has no partition of its own, so that no insert fails for want of one.
create table :schema.events_default partition of :schema.events default;
create trigger events_stay_all before truncate on :schema.events_default
  for each statement execute function :schema.refuse_change();

-- Deletes a stream's events: part of a tombstone, whose own event is written after it in the same transaction.
create function :schema.delete_stream_events(stream text) returns bigint language plpgsql as $$
declare
  deleted bigint;
begin
  perform set_config('millrace.tombstoning', ':schema.' || stream, true);
  delete from :schema.events where stream_id = stream;
  get diagnostics deleted = row_count;
  perform set_config('millrace.tombstoning', '', true);
  return deleted;
end $$;
