-- A day of the schedule is done.
update schedule set done_day = $1 where id = 1 and held_by = $2
