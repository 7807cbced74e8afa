-- Full listing: all promo codes.
select code, off_ppm, months_min, starts_at, ends_at from promos
