-- 0009_history_generations: deliveries of a log that was replaced are forgotten by the places of that log only
-- in:    schema name
-- out:   function forget_deliveries, replaced
-- locks: none that running code waits for

-- forget_deliveries: notes how far the history that is about to go reaches, so that its deliveries stay known
-- in:    a partition's name; the first day that stays
-- locks: the rows of processor_partitions it changes
create or replace function :schema.forget_deliveries(history text, oldest date) returns void
language plpgsql as $$
begin
  execute format('
    update :schema.processor_partitions p
    set forgotten_commit = greatest(p.forgotten_commit, gone.position_commit)
    from (select processor, partition, generation, max(position_commit) as position_commit
          from :schema.%I where ended_at < $1 group by processor, partition, generation) gone
    where p.processor = gone.processor and p.partition = gone.partition and p.generation = gone.generation
      and p.forgotten_commit < gone.position_commit', history) using oldest::timestamptz;
end $$;
