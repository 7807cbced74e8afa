-- A claim is given back, if it is still held.
update intents set holder = null, held_until = null where id = $1 and claim_number = $2
