-- A promo code, new or changed.
insert into promos (code, off_ppm, products, months_min, starts_at, ends_at) values ($1, $2, $3, $4, $5, $6)
on conflict (code) do update set off_ppm = excluded.off_ppm, products = excluded.products,
    months_min = excluded.months_min, starts_at = excluded.starts_at, ends_at = excluded.ends_at
