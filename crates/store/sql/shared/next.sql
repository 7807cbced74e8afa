-- The numbers that come next: one past the highest in use.
select (select coalesce(max(id), 0) + 1 from orders),
    (select coalesce(max(id), 0) + 1 from services),
    (select coalesce(max(id), 0) + 1 from methods),
    (select coalesce(max(id), 0) + 1 from jobs),
    (select coalesce(max(id), 0) + 1 from invoices),
    (select coalesce(max(number), 0) + 1 from invoices where series = $1),
    (select coalesce(max(number), 0) + 1 from invoices where series = $2),
    (select coalesce(max(id), 0) + 1 from applications),
    (select coalesce(max(id), 0) + 1 from credentials),
    (select coalesce(max(id), 0) + 1 from charges)
