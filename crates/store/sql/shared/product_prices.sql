-- Full listing: all list prices, in the order in which they were given.
select product_id, currency, period, net_minor from product_prices order by product_id, position
