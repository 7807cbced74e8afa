-- When a provider's inventory was last read whole, and how many services there were.
insert into syncs (provider, began_at, holdings) values ($1, $2, $3)
on conflict (provider) do update set began_at = excluded.began_at, holdings = excluded.holdings
