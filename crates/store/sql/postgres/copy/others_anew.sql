-- Has the next statement look again at who is connected; else a transaction keeps what it saw first.
select pg_stat_clear_snapshot()
