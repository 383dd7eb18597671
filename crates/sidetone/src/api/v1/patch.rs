//! The form that changes an annotation.

use sidetone_core::annotation::{AnnotationPatch, FieldChange, TEXT_MAX_CHARS};

use crate::api::words::Words;
use crate::web::form::{Invalid, Params, Value};

/// The parameters of the form.
pub const NAMES: &Names = &[
    "AnsweredBy",
    "ConnectivityIssue",
    "QualityIssues",
    "Spam",
    "CallScore",
    "Comment",
    "Incident",
];

/// The same in lines of a batch, in the same order: as the fields of the annotation are called.
pub const FIELDS: &Names = &[
    "answered_by",
    "connectivity_issue",
    "quality_issues",
    "spam",
    "call_score",
    "comment",
    "incident",
];

/// What the fields of an annotation are called.
pub type Names = [&'static str; 7];

/// Reads the change. What is not sent stays, what is sent empty is cleared.
///
/// # Errors
/// When a value is malformed or too long.
pub fn read(form: &Params) -> Result<AnnotationPatch, Invalid> {
    read_by(form, NAMES)
}

/// The same, where its fields have these names.
///
/// # Errors
/// When a value is malformed or too long.
pub fn read_by(form: &Params, names: &Names) -> Result<AnnotationPatch, Invalid> {
    let [
        answered_by,
        connectivity_issue,
        quality_issues,
        spam,
        call_score,
        comment,
        incident,
    ] = *names;
    Ok(AnnotationPatch {
        answered_by: change(form, answered_by, Value::word)?,
        connectivity_issue: change(form, connectivity_issue, Value::word)?,
        quality_issues: change(form, quality_issues, Value::words)?
            .map(|issues| issues.filter(|issues| !issues.is_empty())),
        spam: change(form, spam, Value::boolean)?,
        call_score: change(form, call_score, |value| value.integer(1..=5))?,
        comment: change(form, comment, |value| value.text_up_to(TEXT_MAX_CHARS))?,
        incident: change(form, incident, |value| value.text_up_to(TEXT_MAX_CHARS))?,
    })
}

fn change<'a, T>(
    form: &'a Params,
    name: &'a str,
    read: impl Fn(Value<'a>) -> Result<T, Invalid>,
) -> Result<FieldChange<T>, Invalid> {
    match form.sent(name) {
        None => Ok(None),
        Some(value) if value.text.is_empty() => Ok(Some(None)),
        Some(value) => Ok(Some(Some(read(value)?))),
    }
}

#[cfg(test)]
mod tests {
    use sidetone_core::annotation::{AnsweredByHeard, ConnectivityIssue, QualityIssue};

    use super::*;

    fn patch(form: &str) -> Result<AnnotationPatch, Invalid> {
        read(&Params::decode(form.as_bytes()).unwrap())
    }

    #[track_caller]
    fn check(form: &str, expected: AnnotationPatch) {
        assert_eq!(patch(form).unwrap(), expected, "{form}");
    }

    #[track_caller]
    fn refused(form: &str, expected: &str) {
        assert_eq!(patch(form).unwrap_err().message, expected, "{form}");
    }

    #[test]
    fn what_is_not_sent_stays() {
        check("", AnnotationPatch::default());
        check("comment=lower+case&Unknown=1", AnnotationPatch::default());
    }

    #[test]
    fn the_example_of_the_announcement() {
        check(
            "AnsweredBy=human&ConnectivityIssue=no_connectivity_issue&QualityIssues=choppy_robotic%2C+latency&Spam=True\
             &CallScore=2&Comment=+A%2FB+Test+A&Incident=https%3A%2F%2Fexample.zendesk.com%2Ftickets%2F17353089",
            AnnotationPatch {
                answered_by: Some(Some(AnsweredByHeard::Human)),
                connectivity_issue: Some(Some(ConnectivityIssue::None)),
                quality_issues: Some(Some(vec![
                    QualityIssue::ChoppyRobotic,
                    QualityIssue::Latency,
                ])),
                spam: Some(Some(true)),
                call_score: Some(Some(2)),
                comment: Some(Some("A/B Test A".to_owned())),
                incident: Some(Some(
                    "https://example.zendesk.com/tickets/17353089".to_owned(),
                )),
            },
        );
    }

    #[test]
    fn what_is_sent_empty_is_cleared() {
        check(
            "AnsweredBy=&ConnectivityIssue=+&QualityIssues=,+,&Spam=&CallScore=&Comment=++&Incident",
            AnnotationPatch {
                answered_by: Some(None),
                connectivity_issue: Some(None),
                quality_issues: Some(None),
                spam: Some(None),
                call_score: Some(None),
                comment: Some(None),
                incident: Some(None),
            },
        );
    }

    #[test]
    fn the_last_of_several_counts() {
        check(
            "CallScore=1&CallScore=5&QualityIssues=echo&QualityIssues=owa,owa,+no_quality_issue,unknown_quality_issue",
            AnnotationPatch {
                call_score: Some(Some(5)),
                quality_issues: Some(Some(vec![
                    QualityIssue::OneWayAudio,
                    QualityIssue::None,
                    QualityIssue::Unknown,
                ])),
                ..AnnotationPatch::default()
            },
        );
    }

    #[test]
    fn wrong_values_are_named() {
        refused(
            "CallScore=7",
            "Invalid CallScore '7'. Expected an integer from 1 to 5.",
        );
        refused(
            "CallScore=4.5",
            "Invalid CallScore '4.5'. Expected an integer from 1 to 5.",
        );
        refused("Spam=yes", "Invalid Spam 'yes'. Expected true or false.");
        refused(
            "AnsweredBy=Human",
            "Invalid AnsweredBy 'Human'. Expected one of unknown_answered_by, human, machine.",
        );
        refused(
            "ConnectivityIssue=echo",
            "Invalid ConnectivityIssue 'echo'. Expected one of unknown_connectivity_issue, no_connectivity_issue, \
             invalid_number, caller_id, dropped_call, number_reachability.",
        );
        refused(
            "QualityIssues=echo,one_way_audio",
            "Invalid QualityIssues 'one_way_audio'. Expected one of unknown_quality_issue, no_quality_issue, low_volume, \
             choppy_robotic, echo, dtmf, latency, owa, static_noise.",
        );
    }

    #[test]
    fn texts_are_measured_after_trimming() {
        let fits = "é".repeat(100);
        let long = format!("{fits}é");
        for name in ["Comment", "Incident"] {
            assert!(patch(&format!("{name}=++{fits}++")).is_ok());
            let message = patch(&format!("{name}={long}")).unwrap_err().message;
            assert!(
                message.ends_with("…'. Expected at most 100 characters, not 101."),
                "{message}"
            );
        }
    }
}
