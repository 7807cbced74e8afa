-- Full listing: all promo codes.
select code, off_ppm, products, months_min, starts_at, ends_at from promos
