-- What was done to this file, and by which text.
create table if not exists migrations (
    number integer primary key,
    name text not null,
    digest blob not null
) strict;
