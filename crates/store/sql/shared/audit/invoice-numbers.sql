-- Each series of documents is numbered from 1 without a gap.
select 'series ' || series || ' has ' || count(*) || ' documents, numbered from ' || min(number) || ' to ' || max(number)
from invoices group by series having min(number) <> 1 or max(number) <> count(*)
