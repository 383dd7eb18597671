use super::*;

const ROWS: [&str; 5] = ["a", "b", "c", "d", "e"];

#[track_caller]
fn check(
    start: Start,
    size: usize,
    expected: &str,
    [before, after]: [bool; 2],
) -> Page<&'static str> {
    let page = page(&ROWS, &PageRequest { start, size });
    assert_eq!(page.rows.concat(), expected);
    assert_eq!(
        (page.before.is_some(), page.after.is_some()),
        (before, after)
    );
    page
}

#[test]
fn pages_meet() {
    let first = check(Start::First { skip: 0 }, 2, "ab", [false, true]);
    let second = check(Start::After(first.after.unwrap()), 2, "cd", [true, true]);
    let last = check(Start::After(second.after.unwrap()), 2, "e", [true, false]);
    check(Start::Before(last.before.unwrap()), 2, "cd", [true, true]);
    check(
        Start::Before(second.before.unwrap()),
        3,
        "ab",
        [false, true],
    );
    check(Start::First { skip: 3 }, 2, "de", [true, false]);
    check(Start::First { skip: 0 }, 5, "abcde", [false, false]);
    check(Start::First { skip: 9 }, 2, "", [false, false]);
    let beyond = RowKey {
        key: i64::MAX,
        id: 0,
    };
    check(Start::After(beyond), 2, "", [false, false]);
}

#[test]
fn what_is_wanted_twice() {
    use CallDirection::{Inbound, OutboundApi, OutboundDial, TrunkingTerminating};
    assert_eq!(both(&[], &INBOUND), Some(INBOUND.to_vec()));
    let wanted = [OutboundApi, Inbound, OutboundDial];
    assert_eq!(both(&wanted, &INBOUND), Some(vec![Inbound]));
    assert_eq!(both(&[TrunkingTerminating], &OUTBOUND), None);
}
