//! The way of an event through rooms that are really open: SQLite in a folder, the wall's clock.

mod layers;
mod letters;
