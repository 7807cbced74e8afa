-- The rows that a new ledger has make way for the copied ones.
delete from catalogue;
delete from access;
