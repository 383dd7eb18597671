//! Decoders from the outside: fixtures, their prefixes, random input.

mod doors;
mod fixtures;
mod prefixes;
mod random;
