//! The contract of the store, for every store there is.

mod comments;
mod damage;
mod days;
mod flips;
mod recorded;
mod repair;
mod sqlite;
mod torn;
