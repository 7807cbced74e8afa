-- Full listing: when each provider's inventory was last read whole.
select provider, began_at, holdings from syncs order by provider
