-- An intent is left to a worker for a while, unless somebody else was faster.
update intents set claim_number = claim_number + 1, holder = $1, held_until = $2
where id = $3 and claim_number = $4
