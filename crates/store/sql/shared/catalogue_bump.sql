-- Tells every connection that the price list has changed.
update catalogue set version = version + 1 where only_row = 1
