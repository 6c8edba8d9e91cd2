-- 0014_ordered_deliveries: deliveries that wait for the earlier ones of their key (docs/reference/ledger-tables.md)
-- in:    schema name
-- out:   column deliveries.ordered, index deliveries_order
-- locks: the table of open deliveries, for as long as indexing it takes; it is small

alter table :schema.deliveries add column ordered boolean not null default false;

-- Serves the look for an earlier delivery of the same action and key; unordered deliveries do not pay for it.
create index deliveries_order on :schema.deliveries (processor, partition, action, key, seq) where ordered;
