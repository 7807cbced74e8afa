-- Notices go on after this id.
select setval(pg_get_serial_sequence('notices', 'id'), $1)
