-- An account.
select id, code, name, email, country, vat_number, currency, tax, tax_ppm, zone, credit_limit_minor, standing,
    page_password, joint_orders, align_day, facts, created_at
from accounts where id = $1
