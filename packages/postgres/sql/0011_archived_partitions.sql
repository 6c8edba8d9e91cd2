-- 0011_archived_partitions: partitions of the events that were taken out of the log (docs/reference/postgres-tables.md)
-- in:    schema name
-- out:   archived_partitions; functions archived_before, refuse_archived, detach_events_partition, drop_events_partition,
--        delete_stream_events (replaced), refuse_access_change, prune_access_log
-- locks: none that running code waits for, but access_log for a moment

-- One row a partition that is no part of the log any more. They follow each other without a gap: the log begins where the
-- last of them ends. Times are milliseconds since 1970.
create table :schema.archived_partitions (
  name         text   not null primary key collate "C",
  from_seq     bigint not null,
  -- The first commit after it.
  to_seq       bigint not null unique,
  -- How many of its events the archive holds.
  events       bigint not null,
  -- The latest occurred-at in it.
  occurred_until bigint not null,
  -- What operators call the archive, and the SHA-256 of what describes it.
  archive      text   not null collate "C",
  archive_hash text   not null collate "C",
  -- SHA-256 over the last hash of each chain before its end; null: there is no chain.
  chain_digest text   collate "C",
  detached_at  bigint not null,
  detached_by  text   not null collate "C",
  -- Null: nobody could sign.
  key_id       text   collate "C",
  signature    text   collate "C",
  dropped_at   bigint,
  check (from_seq < to_seq and (key_id is null) = (signature is null))
);

-- archived_before: the first commit whose events may still be in the log
create function :schema.archived_before() returns bigint language sql stable as $$
  select coalesce(max(to_seq), 0) from :schema.archived_partitions
$$;

-- refuse_archived: true where every event after a place is in the log; an error where one is archived
-- in:    the last commit that somebody has handled, and the index in it up to which
-- out:   SQLSTATE MR004, the first commit that is in the log as its message
-- locks: none. Partitions leave in the transaction that writes their row, and a statement takes its snapshot after its
--        locks: one that does not see a partition sees the row
create function :schema.refuse_archived(handled bigint, up_to integer) returns boolean language plpgsql stable as $$
declare
  boundary bigint := :schema.archived_before();
begin
  if handled < boundary and exists (
    select from :schema.commits where seq >= handled and seq < boundary and (seq > handled or event_count > up_to + 1)
  ) then
    raise exception '%', boundary using errcode = 'MR004';
  end if;
  return true;
end $$;

-- detach_events_partition: takes a partition out of the log and keeps it beside it, as unchangeable as before
-- in:    its name; its row is written in the same transaction
-- locks: events and the partition, access exclusive, until commit
create function :schema.detach_events_partition(gone text) returns void language plpgsql as $$
begin
  execute format('alter table :schema.events detach partition :schema.%I', gone);
  execute format('create trigger events_stay before update or delete on :schema.%I for each row execute function :schema.refuse_change()', gone);
end $$;

-- drop_events_partition: deletes a partition that was taken out of the log
-- in:    its name; the time
-- locks: the partition, access exclusive
create function :schema.drop_events_partition(gone text, now_ms bigint) returns void language plpgsql as $$
begin
  execute format('drop table if exists :schema.%I', gone);
  update :schema.archived_partitions set dropped_at = now_ms where name = gone and dropped_at is null;
end $$;

-- delete_stream_events: of a stream that is closed nothing stays in partitions beside the log either
create or replace function :schema.delete_stream_events(stream text) returns bigint language plpgsql as $$
declare
  deleted bigint;
  beside  text;
begin
  perform set_config('millrace.tombstoning', ':schema.' || stream, true);
  delete from :schema.events where stream_id = stream;
  get diagnostics deleted = row_count;
  for beside in select name from :schema.archived_partitions where dropped_at is null loop
    execute format('delete from :schema.%I where stream_id = $1', beside) using stream;
  end loop;
  perform set_config('millrace.tombstoning', '', true);
  return deleted;
end $$;

-- What was recorded of accesses goes only by prune_access_log, which records that.
create function :schema.refuse_access_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and current_setting('millrace.pruning_access', true) = ':schema' then return old; end if;
  raise exception '% on :schema.access_log refused: entries are only ever pruned by age', tg_op using errcode = 'restrict_violation';
end $$;
create trigger access_log_stay before update or delete on :schema.access_log
  for each row execute function :schema.refuse_access_change();
create trigger access_log_stay_all before truncate on :schema.access_log
  for each statement execute function :schema.refuse_access_change();

-- prune_access_log: deletes entries by age, but for its own, and records that
-- in:    entries before this time go; who asks; the time now
-- out:   how many went
create function :schema.prune_access_log(before_ms bigint, operator text, now_ms bigint) returns bigint language plpgsql as $$
declare
  pruned bigint;
begin
  perform set_config('millrace.pruning_access', ':schema', true);
  delete from :schema.access_log where at < before_ms and action <> 'prune access log';
  get diagnostics pruned = row_count;
  perform set_config('millrace.pruning_access', '', true);
  insert into :schema.access_log (at, actor, role, action, target, outcome)
    values (now_ms, operator, 'operate', 'prune access log', pruned || ' entries before ' || before_ms, 'allowed');
  return pruned;
end $$;
