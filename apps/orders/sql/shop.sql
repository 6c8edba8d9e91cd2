-- The tables of the shops. Their changes are captured; what follows from a change is in the rules.

create table if not exists customers (
  shop text not null,
  id text not null,
  name text not null,
  email text not null,
  primary key (shop, id)
);

create table if not exists orders (
  id text primary key,
  shop text not null,
  customer_id text not null,
  status text not null default 'placed' check (status in ('placed', 'shipped', 'cancelled')),
  total numeric(12, 2) not null check (total >= 0),
  note text not null default '',
  placed_at timestamptz not null default now(),
  foreign key (shop, customer_id) references customers (shop, id)
);

create table if not exists order_lines (
  order_id text not null references orders (id),
  line int not null,
  shop text not null,
  article text not null,
  pieces int not null check (pieces > 0),
  price numeric(12, 2) not null check (price >= 0),
  primary key (order_id, line)
);
