//! Decoders from the outside: fixtures, their prefixes, the fuzzers' corpus, random input.

mod agents;
mod calls;
mod captures;
mod carried;
mod corpus;
mod derived;
mod doors;
mod fixtures;
mod names;
mod prefixes;
mod random;
mod rtcp;
mod schema;
mod voice_sdk;
mod vq_report;
