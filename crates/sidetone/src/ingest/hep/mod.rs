//! HEP: what agents beside SIP equipment captured.

pub mod batch;
