-- What is sent, where, and what it is signed with.
select events.body, webhooks.url, webhooks.secret_sealed
from events, webhooks where events.id = $1 and webhooks.id = $2
