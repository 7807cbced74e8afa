-- A credential was used.
update credentials set last_used_at = $1 where id = $2
