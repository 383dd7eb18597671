//! Rules that calls are held to: what is watched, over which time, and what became of it. No I/O.

pub mod about;
pub mod counted;
pub mod definition;
pub mod group_by;
pub mod measure;
pub mod notice;
pub mod rule;
pub mod severity;
pub mod state;
pub mod watch;
pub mod window;

#[cfg(test)]
mod tests;
