-- A reply to remember. One that is there gives way only to one that is kept longer, or tells of no earlier
-- order: of the same one again where its charge was declined.
insert into replays (account_id, operation, token, digest, answer, order_id, keep_until)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (account_id, operation, token) do update set digest = excluded.digest, answer = excluded.answer,
    order_id = excluded.order_id, keep_until = excluded.keep_until
where replays.keep_until < excluded.keep_until or replays.order_id <= excluded.order_id
