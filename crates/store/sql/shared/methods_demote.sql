-- Makes way for another default.
update methods set preference = 'other' where account_id = $1 and preference = 'default'
