//! Older and other names of filters that are still in the wild.

use crate::web::form::{Invalid, Params};

/// The names that are understood too, and `Annotations`, which holds several.
pub const OLDER_NAMES: &[&str] = &[
    "Annotations",
    "Branded",
    "SubaccountSid",
    "CallScore",
    "CallScores",
    "CallScoresAnnotation",
    "ConnectivityIssue",
    "ConnectivityIssues",
    "ConnectivityIssuesAnnotation",
    "QualityIssue",
    "QualityIssues",
    "QualityIssuesAnnotation",
    "Spam",
];

/// The name today of a filter that was called otherwise once. `None`: it is called so today, or is
/// none.
fn current_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "Branded" => "BrandedEnabled",
        "SubaccountSid" => "Subaccount",
        "CallScore" | "CallScores" | "CallScoresAnnotation" => "CallScoreAnnotation",
        "ConnectivityIssue" | "ConnectivityIssues" | "ConnectivityIssuesAnnotation" => {
            "ConnectivityIssueAnnotation"
        }
        "QualityIssue" | "QualityIssues" | "QualityIssuesAnnotation" => "QualityIssueAnnotation",
        "Spam" => "SpamAnnotation",
        _ => return None,
    })
}

/// Within `Annotations=…` every name is an annotation's, so `AnsweredBy` is not the machine's word
/// there. `None`: there is no such annotation.
fn annotation_name(name: &str) -> Option<&'static str> {
    match name {
        "AnsweredBy" | "AnsweredByAnnotation" => Some("AnsweredByAnnotation"),
        "SpamAnnotation" => Some("SpamAnnotation"),
        "CallScoreAnnotation" => Some("CallScoreAnnotation"),
        "QualityIssueAnnotation" => Some("QualityIssueAnnotation"),
        "ConnectivityIssueAnnotation" => Some("ConnectivityIssueAnnotation"),
        _ => current_name(name).filter(|name| name.ends_with("Annotation")),
    }
}

/// The same parameters under their names of today.
/// `Annotations=QualityIssue=echo,latency&Spam=true` becomes the filters it is made of.
///
/// # Errors
/// When `Annotations` names what is no annotation: what is not understood must not widen the list
/// in silence.
pub fn canonical(params: &Params) -> Result<Params, Invalid> {
    let mut canonical = Params::default();
    let mut add = |name: &str, value: &str| {
        canonical.push(current_name(name).unwrap_or(name), value);
    };
    for (name, value) in params.iter() {
        if name == "Annotations" {
            for (name, value) in parts_of(value) {
                let name = annotation_name(&name).ok_or_else(|| {
                    Invalid::new(
                        "Annotations",
                        &name,
                        format_args!(
                            "AnsweredBy, ConnectivityIssue, QualityIssue, Spam or CallScore before each equals sign"
                        ),
                    )
                })?;
                add(name, &value);
            }
        } else {
            add(name, value);
        }
    }
    Ok(canonical)
}

/// The parts of `Name=value,Name=value&Name=value`. A part without a name belongs to the list
/// before it; one that comes first is taken for a quality issue, so that it counts or is refused,
/// and is not ignored.
fn parts_of(text: &str) -> Vec<(String, String)> {
    let mut parts: Vec<(String, String)> = Vec::new();
    for part in text.split(['&', ',']).map(str::trim) {
        match (part.split_once('='), parts.last_mut()) {
            (Some((name, value)), _) => {
                parts.push((name.trim().to_owned(), value.trim().to_owned()))
            }
            (None, _) if part.is_empty() => {}
            (None, Some((_, list))) => {
                list.push(',');
                list.push_str(part);
            }
            (None, None) => parts.push(("QualityIssue".to_owned(), part.to_owned())),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, expected: &str) {
        let params = Params::decode(query.as_bytes()).unwrap();
        let expected = Params::decode(expected.as_bytes()).unwrap();
        assert_eq!(canonical(&params).unwrap(), expected, "{query}");
    }

    #[test]
    fn every_older_name_has_one_of_today() {
        for name in OLDER_NAMES.iter().filter(|name| **name != "Annotations") {
            assert!(current_name(name).is_some(), "{name}");
        }
    }

    #[test]
    fn older_names() {
        check("Branded=true", "BrandedEnabled=true");
        check(
            "CallScores=1,2&CallScore=3",
            "CallScoreAnnotation=1,2&CallScoreAnnotation=3",
        );
        check(
            "ConnectivityIssues=caller_id",
            "ConnectivityIssueAnnotation=caller_id",
        );
        check(
            "ConnectivityIssue=caller_id",
            "ConnectivityIssueAnnotation=caller_id",
        );
        check("QualityIssues=owa", "QualityIssueAnnotation=owa");
        check("QualityIssue=owa", "QualityIssueAnnotation=owa");
        check("QualityIssuesAnnotation=owa", "QualityIssueAnnotation=owa");
        check("Spam=True", "SpamAnnotation=True");
        check("SubaccountSid=AC1", "Subaccount=AC1");
        check(
            "AnsweredBy=human&Direction=inbound",
            "AnsweredBy=human&Direction=inbound",
        );
    }

    #[test]
    fn annotations_in_one_parameter() {
        check(
            "Annotations=QualityIssue%3Decho",
            "QualityIssueAnnotation=echo",
        );
        check(
            "Annotations=QualityIssue=echo",
            "QualityIssueAnnotation=echo",
        );
        check(
            "Annotations=QualityIssue%3Decho%2C+latency%2CSpam%3DTrue",
            "QualityIssueAnnotation=echo,latency&SpamAnnotation=True",
        );
        check(
            "Annotations=AnsweredBy%3Dhuman%26CallScore%3D1",
            "AnsweredByAnnotation=human&CallScoreAnnotation=1",
        );
        check("Annotations=echo", "QualityIssueAnnotation=echo");
        check("Annotations=", "");
        for wrong in ["Annotations=Sapm=true", "Annotations=Direction=inbound"] {
            let params = Params::decode(wrong.as_bytes()).unwrap();
            assert!(canonical(&params).is_err(), "{wrong}");
        }
    }
}
