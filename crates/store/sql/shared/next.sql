-- The numbers that come next, of those that a turn gives: one past the highest in use. To place orders is turn 1, to pay them
-- 2, and 3 is both of them and all others. Last, the version of access.
select case when cast($1 as bigint) <> 2 then (select coalesce(max(id), 0) + 1 from orders) else 0 end,
    case when $1 = 3 then (select coalesce(max(id), 0) + 1 from services) else 0 end,
    case when $1 = 3 then (select coalesce(max(id), 0) + 1 from methods) else 0 end,
    case when $1 = 3 then (select coalesce(max(id), 0) + 1 from jobs) else 0 end,
    case when $1 <> 1 then (select coalesce(max(id), 0) + 1 from invoices) else 0 end,
    case when $1 <> 1 then (select coalesce(max(number), 0) + 1 from invoices where series = $2) else 0 end,
    case when $1 = 3 then (select coalesce(max(number), 0) + 1 from invoices where series = $3) else 0 end,
    case when $1 = 3 then (select coalesce(max(id), 0) + 1 from applications) else 0 end,
    case when $1 = 3 then (select coalesce(max(id), 0) + 1 from credentials) else 0 end,
    case when $1 <> 1 then (select coalesce(max(id), 0) + 1 from charges) else 0 end,
    (select version from access where only_row = 1)
