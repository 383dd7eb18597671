//! Many annotations at once, and taking them back.

use std::process::Command;

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use super::{carrier_call, settle, tell, tell_of};
use crate::harness::{ACCOUNT, Answer, TestServer};

const NDJSON: &str = "application/x-ndjson";

fn sid(number: u32) -> String {
    format!("CA{number:032x}")
}

async fn with_calls(calls: u32) -> TestServer {
    let server = TestServer::start().await;
    for number in 1..=calls {
        tell(&server, &sid(number), &carrier_call()).await;
    }
    settle(&server).await;
    server
}

async fn send(server: &TestServer, key: &str, kind: &str, body: &str) -> (Vec<Value>, String) {
    let path = format!("/v1/Voice/Annotations?Key={key}");
    let answer = server.post_as(&path, kind, body.as_bytes().to_vec()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let batch = answer.headers["sidetone-batch"]
        .to_str()
        .unwrap()
        .to_owned();
    let lines = answer
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    (lines.collect(), batch)
}

fn words(results: &[Value]) -> Vec<&str> {
    results
        .iter()
        .map(|it| it["result"].as_str().unwrap())
        .collect()
}

async fn said(server: &TestServer, number: u32) -> Value {
    server
        .get(&format!("/v1/Voice/{}/Annotation", sid(number)))
        .await
        .json()
}

async fn undo(server: &TestServer, batch: &str) -> Answer {
    let request = server.request(Method::DELETE, &format!("/v1/Voice/Annotations/{batch}"));
    server.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_line_that_is_wrong_stops_no_other() {
    let server = with_calls(3).await;
    let body = [
        json!({"call_sid": sid(1), "call_score": 2, "quality_issues": ["echo"]}).to_string(),
        json!({"call_sid": sid(2), "call_score": 9}).to_string(),
        json!({"call_sid": sid(99), "call_score": 1}).to_string(),
        "{".to_owned(),
        json!({"call_sid": sid(3), "comment": " late ", "call_scor": 1}).to_string(),
        json!({"call_sid": sid(1), "call_score": 2}).to_string(),
    ];
    let path = "/v1/Voice/Annotations?Key=one";
    let answer = server
        .post_as(path, NDJSON, body.join("\n").into_bytes())
        .await;
    assert_eq!(answer.headers["content-type"], NDJSON);
    assert_eq!(
        answer.headers["sidetone-hint"],
        "call_scor was ignored; did you mean call_score?"
    );
    let results: Vec<Value> = answer
        .text
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    assert_eq!(
        words(&results),
        [
            "changed",
            "refused",
            "refused",
            "refused",
            "changed",
            "unchanged"
        ]
    );
    assert_eq!(
        results[0],
        json!({"line": 1, "call_sid": sid(1), "result": "changed", "revision": 1})
    );
    assert_eq!(
        results[1],
        json!({"line": 2, "call_sid": sid(2), "result": "refused", "field": "call_score",
            "message": "Invalid call_score '9'. Expected an integer from 1 to 5."})
    );
    assert_eq!(
        (&results[2]["line"], &results[2]["message"]),
        (&json!(3), &json!("There is no such call."))
    );
    assert_eq!(said(&server, 1).await["quality_issues"], json!(["echo"]));
    assert_eq!(said(&server, 3).await["comment"], "late");
    // It is found by what is said, and the history says who said it.
    let found = server
        .get("/v1/Voice/Summaries?CallScoreAnnotation=2")
        .await
        .json();
    assert_eq!(found["call_summaries"].as_array().unwrap().len(), 1);
    let history = server
        .get(&format!("/v1/Voice/{}/Annotation/History", sid(1)))
        .await
        .json();
    assert_eq!(history["history"][0]["by"], ACCOUNT);
    assert_eq!(
        server.app.store.check().await.unwrap(),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn the_same_again_under_the_same_key_changes_nothing() {
    let server = with_calls(2).await;
    let csv = format!(
        "call_sid,call_score,comment\n{},4,'=1\n{},,plain\n",
        sid(1),
        sid(2)
    );
    let (first, batch) = send(&server, "k", "text/csv; charset=utf-8", &csv).await;
    assert_eq!(words(&first), ["changed", "changed"]);
    assert_eq!(
        (&first[0]["line"], said(&server, 1).await["comment"].clone()),
        (&json!(2), json!("=1"))
    );
    assert_eq!(
        said(&server, 2).await["call_score"],
        json!(null),
        "nothing between commas says nothing"
    );
    server
        .post(&format!("/v1/Voice/{}/Annotation", sid(1)), "CallScore=5")
        .await;
    let (again, same) = send(&server, "k", "text/csv", &csv).await;
    assert_eq!(
        (words(&again), same),
        (vec!["repeated", "repeated"], batch.clone())
    );
    assert_eq!(said(&server, 1).await["call_score"], 5);
    let (other, _) = send(&server, "k", "text/csv", &csv.replace(",4,", ",3,")).await;
    assert_eq!(words(&other), ["refused", "repeated"]);
    let (new, another) = send(&server, "l", "text/csv", &csv).await;
    assert_eq!(words(&new), ["changed", "unchanged"]);
    assert_ne!(another, batch);
}

#[tokio::test]
async fn a_batch_is_undone_where_nobody_has_annotated_since() {
    let server = with_calls(3).await;
    server
        .post(
            &format!("/v1/Voice/{}/Annotation", sid(1)),
            "CallScore=5&Comment=before",
        )
        .await;
    let lines: Vec<String> = (1..=3)
        .map(|n| json!({"call_sid": sid(n), "call_score": 1, "comment": null}).to_string())
        .collect();
    let (_, batch) = send(&server, "u", NDJSON, &lines.join("\n")).await;
    assert!(batch.starts_with("BA"), "{batch}");
    server
        .post(&format!("/v1/Voice/{}/Annotation", sid(2)), "Spam=true")
        .await;
    let undone = undo(&server, &batch).await;
    assert_eq!(
        undone.json(),
        json!({"batch_sid": batch, "restored": 2, "left": [sid(2)]})
    );
    let first = said(&server, 1).await;
    assert_eq!(
        (&first["call_score"], &first["comment"]),
        (&json!(5), &json!("before"))
    );
    assert_eq!(said(&server, 2).await["call_score"], 1);
    assert_eq!(said(&server, 3).await["call_score"], json!(null));
    assert_eq!(undo(&server, &batch).await.json()["restored"], 0);
    let path = "/v1/Voice/Annotations?Key=u";
    let refused = server
        .post_as(path, NDJSON, lines.join("\n").into_bytes())
        .await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("was undone"), "{}", refused.text);
    for none in ["BA00000000000000000000000000000000", "x"] {
        assert_eq!(undo(&server, none).await.status, 404);
    }
}

#[tokio::test]
async fn nobody_judges_or_undoes_for_others() {
    let server = with_calls(1).await;
    let below = server.subaccount().await;
    let child = below.account_sid.to_string();
    tell_of(&server, &child, &sid(7), &carrier_call()).await;
    settle(&server).await;
    let inside = server.log_in(&child, &below.auth_token);
    let line = |n| json!({"call_sid": sid(n), "spam": true}).to_string();
    let (of_parent, _) = send(&inside, "k", NDJSON, &line(1)).await;
    assert_eq!(words(&of_parent), ["refused"]);
    let (of_child, batch) = send(&server, "k", NDJSON, &line(7)).await;
    assert_eq!(words(&of_child), ["changed"]);
    assert_eq!(undo(&inside, &batch).await.status, 404);
    assert_eq!(undo(&server, &batch).await.json()["restored"], 1);
}

#[tokio::test]
async fn what_is_no_batch_is_refused() {
    let server = with_calls(1).await;
    let line = json!({"call_sid": sid(1), "spam": true}).to_string();
    for (kind, body, said) in [
        (
            "application/json",
            &line[..],
            "Expected application/x-ndjson or text/csv.",
        ),
        (NDJSON, "", "holds no annotations"),
        (NDJSON, "\n\n", "holds no annotations"),
        (
            "text/csv",
            "call_sid,start_time\nx,y\n",
            "Invalid first line 'call_sid,start_time'",
        ),
    ] {
        let answer = server
            .post_as("/v1/Voice/Annotations", kind, body.as_bytes().to_vec())
            .await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert!(answer.text.contains(said), "{}", answer.text);
    }
    let key = "k".repeat(129);
    let answer = server
        .post_as(
            &format!("/v1/Voice/Annotations?Key={key}"),
            NDJSON,
            line.into_bytes(),
        )
        .await;
    assert_eq!(answer.status, 400);
    let many = format!("{{\"call_sid\":\"{}\",\"call_scor\":1}}\n", sid(1)).repeat(100_001);
    let answer = server
        .post_as("/v1/Voice/Annotations", NDJSON, many.into_bytes())
        .await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.text.contains("more than 100000 lines"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn the_command_does_the_same() {
    let server = with_calls(2).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("judged.csv");
    std::fs::write(
        &file,
        format!("call_sid,call_score\n{},4\n{},7\n", sid(1), sid(2)),
    )
    .unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sidetone"));
        command.arg("annotate").arg("--data").arg(server.dir.path());
        let output = command.args(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let name = file.to_str().unwrap();
    let (code, out, err) = run(&[name]);
    assert_eq!(code, Some(1), "{err}");
    assert!(
        out.contains("Line 3:") && out.contains("an integer from 1 to 5"),
        "{out}"
    );
    assert!(
        out.contains("1 changed, 0 unchanged, 0 repeated, 1 refused"),
        "{out}"
    );
    let (_, out, _) = run(&[name]);
    assert!(
        out.contains("0 changed, 0 unchanged, 1 repeated, 1 refused"),
        "{out}"
    );
    assert_eq!(said(&server, 1).await["call_score"], 4);
    let batch = out
        .split([':', '\n'])
        .find(|part| part.starts_with("BA"))
        .unwrap();
    let (code, out, err) = run(&["--undo", batch]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("\"restored\":1"), "{out}");
    assert_eq!(said(&server, 1).await["call_score"], json!(null));
    assert_eq!(run(&[]).0, Some(2));
}
