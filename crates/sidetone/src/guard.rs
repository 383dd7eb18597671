//! Work on one call that must not take the others along when it panics.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does it. What is half done when it panics has to be thrown away.
///
/// # Errors
/// What it said when it panicked.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let said = said(panic.as_ref());
        format!("folding it fails: {said}")
    })
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_reason() {
        assert_eq!(guarded(|| 7), Ok(7));
        let broken = guarded(|| -> u8 { panic!("there is none") });
        assert_eq!(broken, Err("folding it fails: there is none".to_owned()));
    }
}
