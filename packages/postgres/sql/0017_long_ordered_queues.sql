-- 0017_long_ordered_queues: what is due of ordered deliveries, apart from the others (docs/reference/ledger-tables.md)
-- in:    schema name
-- out:   index deliveries_due leads by order, too
-- locks: the table of open deliveries, for as long as indexing it takes; it is small

-- Of many that wait behind few keys the first of each key is looked up by deliveries_order; what is not ordered is walked
-- beside them, without reading them.
drop index :schema.deliveries_due;
create index deliveries_due on :schema.deliveries (processor, partition, in_flight, action, ordered, next_attempt_at, seq);
