//! What the measuring programs share.
#![allow(missing_docs, reason = "a program for whoever measures")]

pub mod listen;
pub mod random;
