use axum::body::Body;
use axum::http::{Method, Request};

use super::{CALL, picture, with_complete_call};
use crate::harness::TestServer;

#[tokio::test]
async fn without_credentials() {
    let server = TestServer::start().await;
    let request = Request::get(format!("/v1/Voice/{CALL}")).header("host", "sidetone.test");
    insta::assert_snapshot!(picture(
        &server.send(request.body(Body::empty()).unwrap()).await
    ));
}

#[tokio::test]
async fn methods_and_paths_there_are_not() {
    let server = with_complete_call().await;
    let send = |method: Method, path: String| {
        let request = server.request(method, &path).body(Body::empty()).unwrap();
        server.send(request)
    };
    insta::assert_snapshot!(picture(
        &send(Method::PUT, format!("/v1/Voice/{CALL}/Annotation")).await
    ));
    assert_eq!(
        send(Method::POST, "/v1/Voice/Summaries".to_owned())
            .await
            .error(),
        (405, 20004)
    );
    assert_eq!(
        send(Method::DELETE, format!("/v1/Voice/{CALL}/Events"))
            .await
            .error(),
        (405, 20004)
    );
    insta::assert_snapshot!(picture(
        &send(Method::GET, "/v1/Voice/nowhere/at/all".to_owned()).await
    ));
    for path in [
        "/v1/Voice/CAXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX/Annotation",
        "/v1/Voice/CA1/Summary",
        "/v1/Voice/AC00000000000000000000000000000001",
        "/v1/Voice/%00/Events",
        "/v1/Voice",
        "/v2/Voice/Summaries",
        "/v1/voice/Summaries",
    ] {
        assert_eq!(
            send(Method::GET, path.to_owned()).await.error(),
            (404, 20404),
            "{path}"
        );
    }
}

#[tokio::test]
async fn hosts_that_cannot_be_part_of_a_url() {
    let server = with_complete_call().await;
    for host in ["", "a/b", "user@host", "a b"] {
        let mut request = server
            .request(Method::GET, "/v1/Voice/Summaries")
            .body(Body::empty())
            .unwrap();
        request.headers_mut().insert("host", host.parse().unwrap());
        assert_eq!(server.send(request).await.error(), (400, 20001), "{host}");
    }
}

#[tokio::test]
async fn browsers_on_other_origins() {
    let server = with_complete_call().await;
    for path in ["/v1/Voice/Summaries", "/v1/Voice/Settings", "/nowhere"] {
        let preflight = Request::options(path)
            .header("origin", "https://app.example")
            .body(Body::empty())
            .unwrap();
        let answer = server.send(preflight).await;
        assert_eq!(answer.status, 204);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(
            answer.header("access-control-allow-methods"),
            Some("GET, POST, DELETE, OPTIONS")
        );
        assert_eq!(
            answer.header("access-control-allow-headers"),
            Some("If-Match, Last-Event-ID, X-Twilio-Token, Authorization, Content-Type")
        );
        assert_eq!(answer.header("access-control-max-age"), Some("86400"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
    for path in ["/v1/Voice/Summaries", "/nowhere"] {
        let answer = server.get(path).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(
            answer.header("access-control-expose-headers"),
            Some("ETag, Retry-After, Sidetone-Batch, Sidetone-Hint")
        );
    }
}
