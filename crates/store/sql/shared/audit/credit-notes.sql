-- A credit note takes back an original of the same order, all of it.
select 'credit note ' || note.id || ' does not take back what invoice ' || note.corrects || ' says'
from invoices note left join invoices original
    on original.id = note.corrects and original.kind = 'original' and original.order_id = note.order_id
where note.kind = 'credit-note' and (original.id is null or note.net_minor <> -original.net_minor
    or note.tax_minor <> -original.tax_minor or note.currency <> original.currency
    or note.account_id <> original.account_id)
