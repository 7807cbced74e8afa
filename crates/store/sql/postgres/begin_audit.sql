-- Opens a transaction that reads whole tables, all as of the moment of the first one.
begin isolation level repeatable read read only;
-- To go through one table for each row of another is never right here, however few rows the planner expects of a rule that
-- finds next to nothing.
set local enable_nestloop = off
