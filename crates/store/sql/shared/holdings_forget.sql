-- What was not read since an inventory's reading began is no longer there.
delete from holdings where provider = $1 and read_at < $2
