use serde_json::{Value, json};
use sidetone::config::Settings;

use super::{carrier_call, tell, without_tokens};
use crate::harness::TestServer;

/// Calls that ended one after the other, each with the number of its place in time.
async fn with_calls(count: usize) -> TestServer {
    let settings = Settings {
        public_url: Some("https://voice.example".to_owned()),
        ..Settings::default()
    };
    let server = TestServer::with(settings).await;
    for n in 0..count {
        add_call(&server, n).await;
    }
    super::settle(&server).await;
    server
}

async fn add_call(server: &TestServer, n: usize) {
    let mut events = carrier_call();
    events[6]["at"] = json!(format!("2026-06-01T11:59:{n:02}Z"));
    tell(server, &format!("CA{n:032}"), &events).await;
}

fn numbers(page: &Value) -> Vec<u32> {
    let calls = page["call_summaries"].as_array().unwrap().iter();
    calls
        .map(|call| call["call_sid"].as_str().unwrap()[2..].parse().unwrap())
        .collect()
}

/// Follows a link, as the libraries do: the path and query behind the host.
async fn follow(server: &TestServer, page: &Value, link: &str) -> Value {
    let url = page["meta"][link].as_str().unwrap();
    let path = url.strip_prefix("https://voice.example").unwrap();
    let answer = server.get(path).await;
    assert_eq!(answer.status, 200, "{url}: {}", answer.text);
    answer.json()
}

#[tokio::test]
async fn forth_and_back() {
    let server = with_calls(5).await;
    let first = server
        .get("/v1/Voice/Summaries?PageSize=2&CallType=carrier")
        .await;
    let first = first.json();
    insta::assert_snapshot!(without_tokens(&format!("{:#}", first["meta"])));
    let second = follow(&server, &first, "next_page_url").await;
    let third = follow(&server, &second, "next_page_url").await;
    assert_eq!(
        (numbers(&first), numbers(&second), numbers(&third)),
        (vec![4, 3], vec![2, 1], vec![0])
    );
    assert_eq!(third["meta"]["next_page_url"], Value::Null);
    assert_eq!(third["meta"]["page"], 2);
    assert_eq!(numbers(&follow(&server, &third, "url").await), [0]);
    let back = follow(&server, &third, "previous_page_url").await;
    assert_eq!(numbers(&back), [2, 1]);
    assert_eq!(
        numbers(&follow(&server, &back, "previous_page_url").await),
        [4, 3]
    );
    assert_eq!(
        numbers(&follow(&server, &third, "first_page_url").await),
        [4, 3]
    );
}

#[tokio::test]
async fn calls_that_come_meanwhile_neither_repeat_nor_hide_others() {
    let server = with_calls(4).await;
    let first = server.get("/v1/Voice/Summaries?PageSize=2").await.json();
    add_call(&server, 40).await;
    // So long that StartTime=4h, counted from the real now, would leave every call out.
    server.pass(5 * 3600).await;
    let second = follow(&server, &first, "next_page_url").await;
    assert_eq!(
        (numbers(&first), numbers(&second)),
        (vec![3, 2], vec![1, 0])
    );
}

#[tokio::test]
async fn a_token_is_good_for_its_list_only() {
    let server = with_calls(3).await;
    let first = server
        .get("/v1/Voice/Summaries?PageSize=1&HasTag=false")
        .await
        .json();
    let url = first["meta"]["next_page_url"].as_str().unwrap().to_owned();
    let next = url.strip_prefix("https://voice.example").unwrap();
    assert_eq!(server.get(next).await.status, 200);
    assert_eq!(
        server
            .get(&next.replace("PageSize=1", "PageSize=2"))
            .await
            .status,
        200
    );
    for changed in [
        next.replace("HasTag=false", "HasTag=true"),
        next.replace("HasTag=false&", ""),
        format!("{next}&SortBy=start_time"),
        next.replace("PageToken=PT", "PageToken=PTA"),
    ] {
        assert_eq!(
            server.get(&changed).await.error(),
            (400, 17400),
            "{changed}"
        );
    }
    let sub = server.subaccount().await;
    let other = server.log_in(&sub.account_sid.to_string(), &sub.auth_token);
    assert_eq!(other.get(next).await.error(), (400, 17400));
}

#[tokio::test]
async fn pages_by_number_and_sizes_that_are_cut() {
    let server = with_calls(3).await;
    let page = server
        .get("/v1/Voice/Summaries?PageSize=1&Page=2")
        .await
        .json();
    assert_eq!(numbers(&page), [0]);
    assert!(
        page["meta"]["previous_page_url"]
            .as_str()
            .unwrap()
            .contains("?PageSize=1&Page=1&PageToken=PT")
    );
    let page = server.get("/v1/Voice/Summaries?PageSize=5000").await.json();
    assert_eq!(page["meta"]["page_size"], 1000);
}
