-- Full listing of a partial index, up to its first row: the instant from which the next open charge may be carried out.
select next_at from charges where state = 'open' order by next_at limit 1
