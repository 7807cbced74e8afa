-- What the notices that were copied have made of it.
delete from sqlite_sequence where name = 'notices'
