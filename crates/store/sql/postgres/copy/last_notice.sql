-- The highest id that a notice ever had.
select pg_sequence_last_value(pg_get_serial_sequence('notices', 'id')::regclass)
