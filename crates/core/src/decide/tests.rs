//! The rules as tables: one row an input and its refusal, every refusal hit; and the laws that no sequence breaks.

mod align;
mod attend;
mod buy;
mod charge;
mod ending;
mod gates;
mod laws;
mod moved;
mod now;
mod once;
mod refusals;
mod retry;
mod revise;
mod rules;
mod shown;
mod split;
mod stacking;
mod to_day;
mod upkeep;
mod world;
mod year;
