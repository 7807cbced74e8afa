-- Opens a transaction that reads whole tables, all as of the moment of the first one.
begin isolation level repeatable read read only
