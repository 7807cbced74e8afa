-- Takes a product off the price list, before it is listed anew.
delete from product_prices where product_id = $1
