//! Exports: over HTTP, and by the program that is shipped.

use std::path::Path;
use std::process::{Command, Output};

use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::api::{carrier_call, settle, tell, tell_of};
use crate::harness::{ACCOUNT, TestServer};

const ALL: &str = "StartTime=2026-05-01&ProcessingState=all";

fn sid(number: u32) -> String {
    format!("CA{number:032x}")
}

/// A server with so many calls, a second apart. The first is annotated and rated.
async fn with_calls(calls: u32) -> TestServer {
    let server = TestServer::start().await;
    for number in 1..=calls {
        let mut events = carrier_call();
        for event in &mut events {
            let at = event["at"]
                .as_str()
                .unwrap()
                .replace("11:5", &format!("{:02}:5", number % 11));
            event["at"] = json!(at);
        }
        tell(&server, &sid(number), &events).await;
    }
    settle(&server).await;
    let path = format!("/v1/Voice/{}/Annotation", sid(1));
    server
        .post(
            &path,
            "CallScore=2&QualityIssues=echo,latency&Comment==1%2B1",
        )
        .await;
    server.post(&path, "CallScore=4").await;
    let path = format!(
        "/2010-04-01/Accounts/{ACCOUNT}/Calls/{}/Feedback.json",
        sid(1)
    );
    let rated = server
        .post(&path, "QualityScore=3&Issue=dropped-call")
        .await;
    assert_eq!(rated.status, 201, "{}", rated.text);
    server
}

async fn rows(server: &TestServer, query: &str) -> Vec<Value> {
    let answer = server.get(&format!("/v1/Voice/Export?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let lines = answer.text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn sids(rows: &[Value]) -> Vec<&str> {
    rows.iter()
        .map(|row| row["call_sid"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn rows_are_what_lists_show() {
    let server = with_calls(9).await;
    let listed = server
        .get(&format!("/v1/Voice/Summaries?{ALL}"))
        .await
        .json();
    let listed = listed["call_summaries"].as_array().unwrap();
    let exported = rows(&server, ALL).await;
    assert_eq!(sids(&exported), sids(listed));
    for (row, summary) in exported.iter().zip(listed) {
        for name in ["call_state", "call_type", "duration", "account_sid"] {
            assert_eq!(row[name], summary[name], "{name}");
        }
        assert_eq!(row["end_time"], summary["end_time"]);
        assert_eq!(row["from_caller"], summary["from"]["caller"]);
        let jitter = &summary["carrier_edge"]["metrics"]["inbound"]["jitter"]["avg"];
        assert_eq!(row["carrier_edge_inbound_jitter_avg"], *jitter);
        assert!(jitter.is_number());
    }
    // The first row has every column; in the others null is left out.
    assert!(exported[0].get("sdk_edge_inbound_mos_avg").is_some());
    assert!(exported[1].get("sdk_edge_inbound_mos_avg").is_none());
    let scored = rows(&server, &format!("{ALL}&CallScoreAnnotation=4")).await;
    assert_eq!(sids(&scored), [sid(1)]);
    assert_eq!(
        scored[0]["annotation_quality_issues"],
        json!(["echo", "latency"])
    );
    assert_eq!(scored[0]["annotation_comment"], "=1+1");
    let request = server
        .request(Method::GET, "/v1/Voice/Export?Format=csv")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(format!("{ALL}&CallScoreAnnotation=4").into())
        .unwrap();
    let by_form = server.send(request).await;
    assert_eq!(by_form.text.lines().count(), 2, "{}", by_form.text);
}

#[tokio::test]
async fn every_row_is_a_place_to_go_on_behind() {
    // More than are read at a time.
    let server = with_calls(130).await;
    let all = rows(&server, ALL).await;
    assert_eq!(all.len(), 130);
    for at in [0, 98, 99, 100, 129] {
        let cursor = all[at]["cursor"].as_str().unwrap();
        let rest = rows(&server, &format!("{ALL}&Cursor={cursor}")).await;
        assert_eq!(sids(&rest), sids(&all[at + 1..]), "{at}");
        let answer = server
            .get(&format!(
                "/v1/Voice/Export?{ALL}&Format=csv&Cursor={cursor}"
            ))
            .await;
        assert!(
            !answer.text.contains("call_sid"),
            "the names are there already"
        );
        assert_eq!(
            answer.headers["content-type"],
            "text/csv; charset=utf-8; header=absent"
        );
    }
    let cursor = all[0]["cursor"].as_str().unwrap();
    for other in ["", "StartTime=2026-05-02&ProcessingState=all"] {
        let answer = server
            .get(&format!("/v1/Voice/Export?{other}&Cursor={cursor}"))
            .await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["code"]),
            (400, &json!(17400))
        );
    }
}

#[tokio::test]
async fn csv_holds_no_formula() {
    let server = with_calls(2).await;
    let answer = server
        .get(&format!("/v1/Voice/Export?{ALL}&Format=csv"))
        .await;
    assert_eq!(
        answer.headers["content-type"],
        "text/csv; charset=utf-8; header=present"
    );
    assert_eq!(
        answer.headers["content-disposition"],
        "attachment; filename=\"calls.csv\""
    );
    assert_eq!(answer.text.lines().count(), 3);
    assert!(answer.text.starts_with("account_sid,call_sid,"));
    assert!(answer.text.contains(",\"'=1+1\","), "{}", answer.text);
    assert!(
        answer.text.contains(",\"+14155550100\","),
        "{}",
        answer.text
    );
    assert!(
        answer.text.contains(",\"echo|latency\","),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let server = with_calls(1).await;
    for query in ["Format=xlsx", "Cursor=x", "CallType=x"] {
        let answer = server.get(&format!("/v1/Voice/Export?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text);
    }
    let answer = server.get("/v1/Voice/Export?CalType=sip").await;
    let hints: Vec<_> = answer.headers.get_all("sidetone-hint").iter().collect();
    assert_eq!(answer.text, "");
    assert!(hints.len() == 2, "{hints:?}");
}

#[tokio::test]
async fn nobody_exports_the_calls_of_others() {
    let server = with_calls(2).await;
    let below = server.subaccount().await;
    let child = below.account_sid.to_string();
    tell_of(&server, &child, &sid(77), &carrier_call()).await;
    settle(&server).await;
    assert_eq!(rows(&server, ALL).await.len(), 2);
    let of_child = rows(&server, &format!("{ALL}&Subaccount={child}")).await;
    assert_eq!(sids(&of_child), [sid(77)]);
    let inside = server.log_in(&child, &below.auth_token);
    let own = rows(&inside, ALL).await;
    assert_eq!(sids(&own), [sid(77)]);
    let answer = inside
        .get(&format!("/v1/Voice/Export?{ALL}&Subaccount={ACCOUNT}"))
        .await;
    assert_eq!(answer.status, 403);
    // A cursor is good for whom it was made.
    let cursor = own[0]["cursor"].as_str().unwrap();
    let answer = server
        .get(&format!("/v1/Voice/Export?{ALL}&Cursor={cursor}"))
        .await;
    assert_eq!(answer.status, 400);
    let answer = server.log_in("AC00000000000000000000000000000000", "x");
    assert_eq!(answer.get("/v1/Voice/Export").await.status, 401);
}

fn export(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidetone"));
    command.arg("export").arg("--data").arg(data);
    command.args(arguments).output().unwrap()
}

fn exported(data: &Path, arguments: &[&str]) -> String {
    let output = export(data, arguments);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn the_command_writes_all_there_is() {
    let server = with_calls(3).await;
    let data = server.dir.path().to_owned();
    let lines = |what: &str, more: &[&str]| {
        let arguments = [&["--format", "ndjson", "--what", what], more].concat();
        let text = exported(&data, &arguments);
        let lines = text.lines().map(|it| serde_json::from_str(it).unwrap());
        lines.collect::<Vec<Value>>()
    };
    let calls = lines("summaries", &[]);
    assert_eq!(sids(&calls), sids(&rows(&server, ALL).await));
    let found = lines("summaries", &["--filter", "CallScoreAnnotation=4"]);
    assert_eq!(sids(&found), [sid(1)]);
    let changes = lines("annotations", &[]);
    let shown = |row: &Value| {
        [
            row["revision"].clone(),
            row["is_current"].clone(),
            row["call_score"].clone(),
            row["before_call_score"].clone(),
        ]
    };
    assert_eq!(
        shown(&changes[0]),
        [json!(2), json!(true), json!(4), json!(2)]
    );
    assert_eq!(shown(&changes[1])[..3], [json!(1), json!(false), json!(2)]);
    assert_eq!((changes.len(), &changes[0]["by"]), (2, &json!(ACCOUNT)));
    assert_eq!(
        (&changes[0]["cursor"], changes[1]["cursor"].is_string()),
        (&json!(null), true)
    );
    let feedback = lines("feedback", &[]);
    assert_eq!(feedback.len(), 1);
    assert_eq!(feedback[0]["quality_score"], 3);
    assert_eq!(feedback[0]["issues"], json!(["dropped-call"]));
    assert_eq!(
        lines("feedback", &["--filter", "CallState=busy"]),
        Vec::<Value>::new()
    );
    for (wrong, said) in [
        (
            vec!["--format", "csv", "--filter", "CalType=sip"],
            "did you mean CallType?",
        ),
        (
            vec!["--format", "csv", "--filter", "CallType"],
            "NAME=VALUE",
        ),
        (
            vec!["--format", "csv", "--filter", "CallType=x"],
            "Invalid CallType 'x'",
        ),
        (
            vec![
                "--format",
                "csv",
                "--account",
                "AC00000000000000000000000000000000",
            ],
            "there is no account",
        ),
        (vec!["--format", "parquet"], "DIRECTORY"),
        // It has no end to go on at.
        (
            vec!["--format", "csv", "--output", "/dev/zero", "--resume"],
            "it is no file",
        ),
    ] {
        let output = export(&data, &wrong);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.code() == Some(1) && told.contains(said),
            "{told}"
        );
    }
    let path = data.join("calls.csv");
    let named = path.to_str().unwrap();
    let wrong = [
        "--format",
        "csv",
        "--filter",
        "CallType=x",
        "--output",
        named,
    ];
    assert!(!export(&data, &wrong).status.success());
    assert!(
        !path.exists(),
        "what is wrong is told before anything is written"
    );
}

#[tokio::test]
async fn every_filter_of_lists_holds() {
    let server = with_calls(5).await;
    let data = server.dir.path().to_owned();
    let command = |what: &str, filters: &[&str]| {
        let mut arguments = vec!["--format", "ndjson", "--what", what];
        arguments.extend(filters.iter().flat_map(|filter| ["--filter", *filter]));
        let text = exported(&data, &arguments);
        let lines = text.lines().map(|it| serde_json::from_str(it).unwrap());
        lines.collect::<Vec<Value>>()
    };
    let first = sid(1);
    let two = format!("CallSids={},{}", sid(1), sid(2));
    // What holds for how many of the five, the first among them or not.
    for (filters, calls, is_first) in [
        (vec!["Annotated=true"], 1, true),
        (vec!["Annotated=false"], 4, false),
        (vec!["CallScoreAnnotation=!4"], 4, false),
        (
            vec!["CallScoreAnnotation=1", "CallScoreAnnotation=4"],
            1,
            true,
        ),
        (vec!["Comment==1+1"], 1, true),
        (vec![two.as_str()], 2, true),
        (vec![two.as_str(), "Annotated=false"], 1, false),
        (vec!["Q==1+1"], 1, true),
        (
            vec!["MinDuration=1", "Measured=true", "Edge=carrier_edge"],
            5,
            true,
        ),
        (vec!["MinDuration=100000"], 0, false),
        (vec!["MaxDuration=100000", "SipResponse=!486"], 5, true),
        (vec!["MinJitter=60000"], 0, false),
        (vec!["Codec=!opus", "Tag=!silence"], 5, true),
        (vec!["Incident=none"], 0, false),
    ] {
        let mut query = format!("{ALL}&");
        for filter in &filters {
            let (name, value) = filter.split_once('=').unwrap();
            let value = value.replace('+', "%2B").replace('=', "%3D");
            query.push_str(&format!("{name}={value}&"));
        }
        let found = rows(&server, &query).await;
        assert_eq!(found.len(), calls, "{filters:?}");
        assert_eq!(
            sids(&found).contains(&first.as_str()),
            is_first,
            "{filters:?}"
        );
        assert_eq!(
            sids(&command("summaries", &filters)),
            sids(&found),
            "{filters:?}"
        );
        let changes = command("annotations", &filters).len();
        assert_eq!(changes, if is_first { 2 } else { 0 }, "{filters:?}");
        let feedback = command("feedback", &filters).len();
        assert_eq!(feedback, usize::from(is_first), "{filters:?}");
    }
    // It tells of the list, not which calls.
    let counted = export(&data, &["--format", "csv", "--filter", "IncludeTotal=true"]);
    assert_eq!(counted.status.code(), Some(1));
}

#[tokio::test]
async fn an_interrupted_file_goes_on_without_repeating_anything() {
    let server = with_calls(40).await;
    let data = server.dir.path().to_owned();
    let directory = tempfile::tempdir().unwrap();
    for (format, what) in [
        ("ndjson", "summaries"),
        ("csv", "summaries"),
        ("csv", "annotations"),
        ("ndjson", "feedback"),
    ] {
        let path = directory.path().join(format!("{what}.{format}"));
        let name = path.to_str().unwrap();
        let arguments = ["--format", format, "--what", what, "--output", name];
        exported(&data, &arguments);
        let whole = std::fs::read(&path).unwrap();
        let again = export(&data, &arguments);
        assert_eq!(again.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&again.stderr).contains("--resume"));
        let resume = [&arguments[..], &["--resume"]].concat();
        let step = (whole.len() / 13).max(1);
        for cut in (0..whole.len())
            .step_by(step)
            .chain([1, whole.len() - 1, whole.len()])
        {
            std::fs::write(&path, &whole[..cut]).unwrap();
            exported(&data, &resume);
            let resumed = std::fs::read(&path).unwrap();
            let rows = |bytes: &[u8]| {
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                let strip = |line: &str| {
                    line.rsplit_once("cursor")
                        .map_or(line.len(), |it| it.0.len())
                };
                let lines = text.lines().map(|line| match format {
                    // The cursor has the time of the export.
                    "csv" => line.rsplit_once(',').unwrap().0.to_owned(),
                    _ => line[..strip(line)].to_owned(),
                });
                lines.collect::<Vec<String>>()
            };
            assert_eq!(rows(&resumed), rows(&whole), "{what}.{format} cut at {cut}");
        }
        if what == "summaries" {
            std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
            let other = export(
                &data,
                &[&resume[..], &["--filter", "CallType=sip"]].concat(),
            );
            assert_eq!(other.status.code(), Some(1));
        }
        std::fs::write(&path, "a letter to somebody").unwrap();
        assert_eq!(export(&data, &resume).status.code(), Some(1));
        assert_eq!(std::fs::read(&path).unwrap(), b"a letter to somebody");
    }
}
