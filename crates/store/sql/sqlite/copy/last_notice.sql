-- The highest id that a notice ever had.
select seq from sqlite_sequence where name = 'notices'
