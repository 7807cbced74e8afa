-- Opens a transaction whose reads all see what is committed when the first one runs.
begin isolation level repeatable read read only
