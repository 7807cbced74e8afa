-- Orders are numbered from 1 without a gap.
select 'there are ' || count(*) || ' orders, numbered from ' || min(id) || ' to ' || max(id)
from orders having count(*) > 0 and (min(id) <> 1 or max(id) <> count(*))
