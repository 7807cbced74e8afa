-- Notices go on after this id.
insert into sqlite_sequence (name, seq) values ('notices', $1)
