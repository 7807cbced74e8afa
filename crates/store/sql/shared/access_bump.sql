-- Accounts, applications or credentials have changed.
update access set version = version + 1 where only_row = 1
