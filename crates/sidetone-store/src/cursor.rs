//! Going on where an answer ended.

/// Where an engine goes on. What it says is the engine's own business: others keep it and give it
/// back, to the engine that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(Box<[u8]>);

impl Cursor {
    /// A cursor that says this.
    #[must_use]
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// What it says.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
