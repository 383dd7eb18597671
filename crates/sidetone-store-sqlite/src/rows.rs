//! How rows and what stands in them are stored, and read by the page.

pub(crate) mod address;
pub(crate) mod checksum;
pub(crate) mod codec;
pub(crate) mod cursor;
pub(crate) mod facet;
pub(crate) mod paging;
pub(crate) mod shard;
pub(crate) mod tables;
pub(crate) mod terms;
