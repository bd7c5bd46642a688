-- In each tenant's database, as the user the worker logs in with.
create table orders (
    number bigint primary key, customer text not null, amount numeric not null, placed_at timestamptz not null default clock_timestamp());
create table customers (name text primary key, orders bigint not null, total numeric not null);
