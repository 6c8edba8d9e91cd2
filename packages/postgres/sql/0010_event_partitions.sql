-- 0010_event_partitions: partitions of the events are made ahead (docs/reference/postgres-tables.md)
-- in:    schema name
-- out:   function make_events_partitions
-- locks: none

-- make_events_partitions: makes the partitions of the commits that come next, of ten million each
-- in:    how many to have ahead of the one that is written to
-- out:   the commit from which on it should run again: half a partition from now, or soon where one could not be made
-- locks: events and events_default, access exclusive, for a moment: the default partition is looked through for rows of the
--        new one. Waits half a second at most, and not at all for another process that is at it
create function :schema.make_events_partitions(ahead integer) returns bigint
language plpgsql set lock_timeout = '500ms' as $$
declare
  width   constant bigint := 10000000;
  written bigint;
  current bigint;
  number  bigint;
  again   bigint;
begin
  select last_value into written from :schema.commit_seq;
  current := written / width;
  again := written + width / 2;
  if not pg_try_advisory_xact_lock(hashtext('millrace events'), hashtext(':schema')) then
    return written + width / 1000;
  end if;
  for number in current .. current + ahead loop
    if to_regclass(format(':schema.%I', 'events_p' || number)) is null then
      begin
        perform :schema.create_events_partition('events_p' || number, number * width, (number + 1) * width);
      exception when lock_not_available or deadlock_detected then
        again := written + width / 1000;
      when check_violation then
        -- The default partition has rows of it already, and goes on taking them.
        null;
      end;
    end if;
  end loop;
  return again;
end $$;
