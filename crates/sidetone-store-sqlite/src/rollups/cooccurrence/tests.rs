use super::*;

#[test]
fn values_go_with_those_of_the_same_calls() {
    let term = |value| Term { dim: 3, value };
    let day = Day {
        shard: Shard {
            account: 1,
            bucket: 0,
        },
        axis: Axis::End,
        day: 7,
    };
    let mut together = Together::default();
    for call in [[1, 2], [2, 3], [200, 3]] {
        assert!(together.add(call.into_iter().map(term), &[]));
    }
    let told = together.finish(day);
    let body = |value| &told[&(Axis::End.number(), term(value))];
    let beside = |value| day.decode(term(value), body(value)).unwrap();
    let of = |values: &[i64]| {
        let prints = values.iter().map(|value| term(*value).fingerprint());
        let mut prints: Vec<u64> = prints.collect();
        prints.sort_unstable();
        prints
    };
    assert_eq!(beside(1), of(&[1, 2]));
    assert_eq!(beside(2), of(&[1, 2, 3]));
    assert_eq!(beside(3), of(&[2, 3, 200]));
    let other = Day {
        axis: Axis::Start,
        ..day
    };
    assert!(other.decode(term(1), body(1)).is_err());
    assert!(told.contains_key(&(Axis::End.number(), TOLD)));
    assert_eq!(term(1).fingerprint(), 9_550_008);
}

#[test]
fn a_day_of_very_many_values_is_not_told_of() {
    let mut together = Together::default();
    let most = i64::try_from(TERMS_MAX).unwrap();
    let term = |value| std::iter::once(Term { dim: 34, value });
    assert!((0..most).all(|value| together.add(term(value), &[])));
    assert!(!together.add(term(most), &[]));
}
