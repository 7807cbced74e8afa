-- Of every intent of which something was sent it is on file when, and where the provider's books stood before.
select 'intent ' || id || ' is ' || state || ', and it is not on file when something was sent'
from intents
where state in ('ordered', 'unsure', 'confirming', 'done', 'parked') and sent_at is null
union all
select 'something was sent for intent ' || id || ', and it is not on file where the provider''s books stood before'
from intents where sent_at is not null and watermark_at is null
