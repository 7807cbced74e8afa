-- The version of accounts, applications and credentials.
select version from access where only_row = 1
