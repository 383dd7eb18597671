//! What a call is: identifiers, events, correlation, fold, quality, tags.
//!
//! Nothing here reads a clock, a file, a socket or the environment, and nothing knows a wire format.
#![warn(missing_docs, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

#[macro_use]
pub mod vocabulary;
pub mod annotation;
pub mod event;
pub mod facts;
pub mod filter;
pub mod fold;
pub mod id;
pub mod media;
mod number;
pub mod quality;
pub mod rules;
mod stored;
pub mod summary;
pub mod tags;
pub mod time;
