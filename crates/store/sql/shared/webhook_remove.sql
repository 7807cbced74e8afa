-- A webhook goes, and with it what waits for it.
delete from webhooks where id = $1
