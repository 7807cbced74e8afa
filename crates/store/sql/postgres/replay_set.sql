-- differs: by sets.
-- Replies to remember. One that is there gives way only to one that is kept longer, or tells of no earlier
-- order: of the same one again where its charge was declined.
insert into replays (account_id, operation, token, digest, answer, order_id, keep_until)
select * from unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::bigint[], $7::bigint[])
on conflict (account_id, operation, token) do update set digest = excluded.digest, answer = excluded.answer,
    order_id = excluded.order_id, keep_until = excluded.keep_until
where replays.keep_until < excluded.keep_until or replays.order_id <= excluded.order_id
