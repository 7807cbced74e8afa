//! The rules as tables: one row an input and its refusal, every refusal hit; and the laws that no sequence breaks.

mod laws;
mod refusals;
mod rules;
mod world;
