//! How large JSON is once it is read: up to a hundred times as large as its text, so that memory is
//! counted by it.

use serde_json::Value;

/// About how much memory JSON takes once it is read, in bytes: 32 for each value and each member's
/// name, the length of texts and names, and 640 for each object, or for each eleven of its members.
/// `[0,0]` is 96, `{"a":0}` 737.
#[must_use]
pub fn parsed_bytes(value: &Value) -> usize {
    const VALUE: usize = 32;
    const NODE: usize = 640;
    const NODE_MEMBERS: usize = 11;
    let within = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(parsed_bytes).sum(),
        Value::Object(members) => {
            let nodes = members.len().div_ceil(NODE_MEMBERS);
            let members = members
                .iter()
                .map(|(name, value)| VALUE + name.len() + parsed_bytes(value));
            members.sum::<usize>() + nodes * NODE
        }
    };
    VALUE + within
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_is_as_large_as_it_is_once_read() {
        for (value, bytes) in [
            (json!(null), 32),
            (json!("abc"), 35),
            (json!([0, 0]), 96),
            (json!({}), 32),
            (json!({"a": 0}), 737),
        ] {
            assert_eq!(parsed_bytes(&value), bytes, "{value}");
        }
        let many: Value = (0..12)
            .map(|n| (format!("{n:02}"), Value::from(n)))
            .collect();
        assert_eq!(parsed_bytes(&many), 32 + 12 * (32 + 2 + 32) + 2 * 640);
    }
}
