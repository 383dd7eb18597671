//! Making people, over HTTP and on the command line.

use std::io::Write;
use std::process::{Command, Stdio};

use axum::http::Method;
use serde_json::{Value, json};

use super::{CALL, ORIGIN, PASSWORD, call, sign_in};
use crate::harness::{ACCOUNT, TestServer};

#[tokio::test]
async fn people_are_made_changed_and_told_of() {
    let server = TestServer::start().await;
    let people = "/v1/Voice/People";
    let made = server.post(
        people,
        "Name=Anna+M%C3%BCller&Role=viewer&Password=correct+horse",
    );
    let made = made.await;
    assert_eq!(made.status, 201, "{}", made.text);
    let expected = json!({
        "name": "Anna Müller", "role": "viewer", "sign_in": "password", "disabled": false,
        "created_time": "2026-06-01T12:00:00Z", "last_sign_in": null,
    });
    assert_eq!(made.json(), expected);
    let made = server.post(people, "Name=bert&Role=admin").await.json();
    let password = made["password"].as_str().unwrap().to_owned();
    let bert = sign_in(&server, "bert", &password).await;
    for (form, parameter) in [
        ("Role=admin", "Name"),
        ("Name=%3Cb%3E&Role=admin", "Name"),
        ("Name=x%0D%0ASet-Cookie:a&Role=admin", "Name"),
        (&format!("Name={ACCOUNT}&Role=admin"), "Name"),
        ("Name=sidetone+erase&Role=admin", "Name"),
        ("Name=BERT&Role=admin", "Name"),
        ("Name=dora", "Role"),
        ("Name=dora&Role=owner", "Role"),
        ("Name=dora&Role=admin&Password=short", "Password"),
        (
            "Name=dora&Role=admin&Password=doradoradora&Disabled=x&Subaccount=AC1",
            "Subaccount",
        ),
    ] {
        let refused = bert.post(people, form).await;
        assert_eq!(refused.error(), (400, 20001), "{form}");
        assert_eq!(refused.json()["details"]["parameter"], parameter, "{form}");
        assert!(!refused.text.contains("short"), "{}", refused.text);
    }
    let anna = "/v1/Voice/People/anna%20m%C3%BCller";
    let changed = bert.post(anna, "Role=annotator&Password=").await.json();
    assert_eq!(changed["role"], "annotator");
    let password = changed["password"].as_str().unwrap();
    sign_in(&server, "Anna Müller", password).await;
    assert_eq!(
        bert.post("/v1/Voice/People/dora", "").await.error(),
        (404, 20404)
    );
    assert_eq!(
        bert.post(anna, "Disabled=perhaps").await.error(),
        (400, 20001)
    );
    // There is no provider: nobody is locked out, the admin himself neither.
    let refused = bert.post("/v1/Voice/People/bert", "SignIn=provider").await;
    assert_eq!(refused.error(), (400, 20001));
    assert_eq!(refused.json()["details"]["parameter"], "SignIn");
    assert_eq!(bert.get("/session").await.json()["sign_in"], "password");
    let told = bert.get("/v1/Voice/People?PageSize=1").await.json();
    assert_eq!(told["people"][0]["name"], "Anna Müller");
    let next = told["meta"]["next_page_url"].as_str().unwrap();
    let next = next.strip_prefix(ORIGIN).unwrap();
    assert_eq!(bert.get(next).await.json()["people"][0]["name"], "bert");

    call(&server).await;
    let lines = format!("{{\"call_sid\":\"{CALL}\",\"call_score\":2}}\n");
    let batch = server
        .post_as(
            "/v1/Voice/Annotations?Key=a",
            "application/x-ndjson",
            lines.into_bytes(),
        )
        .await;
    let batch = batch.header("sidetone-batch").unwrap().to_owned();
    let undo = format!("/v1/Voice/Annotations/{batch}");
    assert_eq!(bert.change(Method::DELETE, &undo, "").await.status, 200);
    let erase = format!("/v1/Voice/{CALL}/Summary");
    assert_eq!(bert.change(Method::DELETE, &erase, "").await.status, 204);
    let audit = bert.get("/v1/Voice/Audit").await.json();
    let told: Vec<Value> = audit["audit"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            json!([
                entry["who"],
                entry["what"],
                entry["target"],
                entry["detail"]
            ])
        })
        .collect();
    let expected = json!([
        ["bert", "calls-erased", CALL, null],
        ["bert", "annotations-undone", batch, "1 restored, 0 left"],
        [ACCOUNT, "calls-annotated", batch, "1 annotations"],
        ["Anna Müller", "signed-in", null, null],
        [
            "bert",
            "person-changed",
            "Anna Müller",
            "role annotator, password"
        ],
        ["bert", "signed-in", null, null],
        [ACCOUNT, "person-created", "bert", "role admin"],
        [ACCOUNT, "person-created", "Anna Müller", "role viewer"],
    ]);
    assert_eq!(Value::from(told), expected);
    assert!(!audit.to_string().contains("pbkdf2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_makes_people_beside_a_server() {
    let server = TestServer::start().await;
    let run = |args: &[&str], input: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sidetone"));
        command
            .arg("person")
            .args(args)
            .arg("--data")
            .arg(server.dir.path());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut stdin = process.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        let done = process.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (done.status.code(), text(done.stdout), text(done.stderr))
    };
    let told = |args: &[&str], input: &str| -> Value {
        let (code, out, err) = run(args, input);
        assert_eq!(code, Some(0), "{err}");
        serde_json::from_str(&out).unwrap()
    };
    let made = told(&["create", "Anna", "--role", "viewer"], "correct horse\n");
    assert_eq!(
        (&made["role"], &made["account_sid"]),
        (&"viewer".into(), &ACCOUNT.into())
    );
    assert_eq!(made["password"], Value::Null);
    let anna = sign_in(&server, "anna", PASSWORD).await;
    for (args, input, why) in [
        (
            &["create", "bert", "--role", "viewer"][..],
            "short\n",
            "10 characters",
        ),
        (
            &["create", "ANNA", "--role", "admin"],
            "correct horse\n",
            "already",
        ),
        (&["reset", "bert", "--generate"], "", "no person bert"),
    ] {
        let (code, out, err) = run(args, input);
        assert!(
            code == Some(1) && out.is_empty() && err.contains(why),
            "{err}"
        );
    }
    for args in [["create", "AC"], ["create", "bert"]] {
        assert_eq!(run(&args, "").0, Some(2), "{args:?}");
    }
    let (code, out, err) = run(&["provider", "anna"], "");
    if cfg!(feature = "oidc") {
        // The server's configuration may be elsewhere.
        let handed_over: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(
            (code, &handed_over["sign_in"]),
            (Some(0), &"provider".into())
        );
        assert!(err.contains("anna cannot sign in"), "{err}");
    } else {
        assert_eq!((code, out.as_str()), (Some(1), ""));
        assert!(err.contains("built without OpenID Connect"), "{err}");
        assert_eq!(anna.get("/session").await.status, 200);
    }
    let reset = told(&["reset", "anna", "--generate"], "");
    assert_eq!(anna.get("/session").await.status, 401);
    let password = reset["password"].as_str().unwrap();
    let anna = sign_in(&server, "anna", password).await;
    assert_eq!(told(&["disable", "anna"], "")["disabled"], true);
    assert_eq!(anna.get("/session").await.status, 401);
    assert_eq!(told(&["enable", "anna"], "")["disabled"], false);
    let listed = told(&["list"], "");
    assert_eq!(
        (&listed["name"], &listed["password"]),
        (&"Anna".into(), &Value::Null)
    );
    let audit = server.get("/v1/Voice/Audit").await.json();
    assert_eq!(audit["audit"][0]["who"], "sidetone person");
    assert_eq!(audit["audit"][0]["detail"], "enabled");
}
