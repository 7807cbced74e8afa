-- The orders of an account placed in a span.
select id from orders where account_id = $1 and placed_at between $2 and $3 order by id
