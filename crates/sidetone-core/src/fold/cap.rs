//! Bounds what senders can make a state grow to.

use std::collections::BTreeMap;

/// The most streams, sources, groups of events or error codes that one call is told apart by.
pub(super) const KEYS_MAX: usize = 64;

/// Keeps the smallest keys, and hands over what is kept under the others.
///
/// A key among the smallest of all is among the smallest of any part, so it is never let go and
/// taken up again: which are kept, and what is under them, depends neither on order nor on how the
/// events were split.
pub(super) fn cap<K: Ord, V>(map: &mut BTreeMap<K, V>, mut let_go: impl FnMut(V)) {
    while map.len() > KEYS_MAX {
        if let Some((_, value)) = map.pop_last() {
            let_go(value);
        }
    }
}
