-- Which price list holds.
select version from catalogue where only_row = 1
