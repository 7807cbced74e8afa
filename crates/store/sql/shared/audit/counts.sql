-- Full listing: how many rows of each kind were looked at.
select 'accounts', count(*) from accounts
union all select 'services', count(*) from services
union all select 'orders', count(*) from orders
union all select 'payments', count(*) from payments
union all select 'extensions', count(*) from extensions
union all select 'invoices', count(*) from invoices
union all select 'transfers', count(*) from transfers
union all select 'charges', count(*) from charges
union all select 'open charges', count(*) from charges where state = 'open'
union all select 'intents', count(*) from intents
