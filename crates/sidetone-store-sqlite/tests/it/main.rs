//! The contract of the store, for every store there is.

mod flips;
mod sqlite;
