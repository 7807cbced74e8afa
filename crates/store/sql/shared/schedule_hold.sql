-- Holds the schedule for a node, where no other one holds it. One that would hold it for an hour
-- longer than this one did so by a clock that was ahead.
insert into schedule (id, held_by, held_until) values (1, $1, $2)
on conflict (id) do update set held_by = excluded.held_by, held_until = excluded.held_until
    where schedule.held_by is null or schedule.held_by = $1 or schedule.held_until <= $3
        or schedule.held_until > $2 + 3600000000
returning done_day
