-- Alignment: the day of the month on which the schedule has an account's services end, if there is one.
alter table accounts add column align_day bigint check (align_day between 1 and 31);
