-- 0008_hash_chain: a chain of hashes over each stream's events (docs/reference/hash-chain.md)
-- in:    schema name
-- out:   chain_state, chain_links, chain_anchors; functions chain_part, event_hash, chain_event, enable_hash_chain
-- locks: none that running code waits for: everything is new. enable_hash_chain waits for running appends once.

-- At most one row: chaining is on, and every commit after started_seq is chained.
create table :schema.chain_state (
  only_row    boolean not null primary key default true check (only_row),
  started_seq bigint  not null,
  started_at  bigint  not null
);

-- One row an event, written with it.
create table :schema.chain_links (
  stream_id  text   not null collate "C",
  version    bigint not null,
  commit_seq bigint not null,
  event_id   text   not null collate "C",
  -- SHA-256 of the event, the hash of the event before it among its fields.
  hash       bytea  not null,
  primary key (stream_id, version)
);

create table :schema.chain_anchors (
  id          bigint generated always as identity primary key,
  stream_id   text   not null collate "C",
  version     bigint not null,
  hash        bytea  not null,
  anchored_at bigint not null,
  key_id      text   not null collate "C",
  signature   text   not null collate "C"
);
create index chain_anchors_stream on :schema.chain_anchors (stream_id, version);

create trigger chain_links_stay before update or delete on :schema.chain_links
  for each row execute function :schema.refuse_change();
create trigger chain_links_stay_all before truncate on :schema.chain_links
  for each statement execute function :schema.refuse_change();
create trigger chain_anchors_stay before update or delete on :schema.chain_anchors
  for each row execute function :schema.refuse_change();
create trigger chain_anchors_stay_all before truncate on :schema.chain_anchors
  for each statement execute function :schema.refuse_change();

-- A value with its length in front, so that no two lists of values run together to one text.
create function :schema.chain_part(value text) returns text language sql immutable as $$
  select coalesce(octet_length(value) || ':' || value, '-') || ','
$$;

create function :schema.event_hash(e :schema.events) returns bytea language sql immutable as $$
  select sha256(convert_to(
    :schema.chain_part('millrace-chain-1') || :schema.chain_part(e.previous_hash) || :schema.chain_part(e.stream_id)
    || :schema.chain_part(e.version::text) || :schema.chain_part(e.commit_seq::text) || :schema.chain_part(e.commit_index::text)
    || :schema.chain_part(e.event_id) || :schema.chain_part(e.commit_id) || :schema.chain_part(e.type)
    || :schema.chain_part(e.schema_version::text) || :schema.chain_part(e.occurred_at::text) || :schema.chain_part(e.recorded_at::text)
    || :schema.chain_part(e.bucket::text) || :schema.chain_part(e.content_type) || :schema.chain_part(e.metadata::text)
    || :schema.chain_part(e.correlation_id) || :schema.chain_part(e.causation_id) || :schema.chain_part(e.tenant)
    || :schema.chain_part(e.trace_id) || :schema.chain_part(array_to_string(e.tags, ' ')) || :schema.chain_part(e.part_index::text)
    || :schema.chain_part(e.part_count::text) || :schema.chain_part(e.encryption_subject) || :schema.chain_part(e.encryption_key_id)
    || :schema.chain_part(e.payload_is_text::text)
    || :schema.chain_part(encode(sha256(convert_to(e.payload::text, 'UTF8')), 'hex'))
    || :schema.chain_part(encode(sha256(e.payload_binary), 'hex')),
    'UTF8'))
$$;

-- Runs under the lock of the stream's head, which every append takes first. Reads what earlier rows of the same
-- statement wrote: each of its queries has a snapshot of its own.
create function :schema.chain_event() returns trigger language plpgsql as $$
declare
  last :schema.chain_links;
begin
  select * into last from :schema.chain_links where stream_id = new.stream_id order by version desc limit 1;
  if found and last.version <> new.version - 1 then
    raise exception 'the hash chain of stream % ends at version %, and event % was to be added', new.stream_id, last.version, new.version
      using errcode = 'data_corrupted';
  end if;
  new.previous_hash := encode(last.hash, 'hex');
  insert into :schema.chain_links (stream_id, version, commit_seq, event_id, hash)
    values (new.stream_id, new.version, new.commit_seq, new.event_id, :schema.event_hash(new));
  return new;
end $$;

-- Switches chaining on, once. The trigger exists only from then on: appends without a chain pay nothing for it.
create function :schema.enable_hash_chain(now_ms bigint) returns void language plpgsql as $$
begin
  lock table :schema.events in share row exclusive mode;
  if exists (select from :schema.chain_state) then return; end if;
  create trigger events_chain before insert on :schema.events for each row execute function :schema.chain_event();
  insert into :schema.chain_state (started_seq, started_at)
    select case when is_called then last_value else 0 end, now_ms from :schema.commit_seq;
end $$;
