-- Full listing of a partial index, up to its first row: the instant from which the next notice may leave.
select next_at from notices where sent_at is null order by next_at limit 1
