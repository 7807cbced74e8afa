-- Every trigger, and the text that makes it.
select name, sql from sqlite_master where type = 'trigger' order by rowid
