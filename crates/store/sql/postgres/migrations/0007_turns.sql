-- Turns: a row of `numbers` each for placing orders (1) and for paying them (2), so that these go on beside each other. Whoever
-- does anything else locks both, the first one first.
alter table numbers rename column only_row to turn;
alter table numbers drop constraint numbers_only_row_check, add check (turn in (1, 2));
insert into numbers (turn) values (2);
