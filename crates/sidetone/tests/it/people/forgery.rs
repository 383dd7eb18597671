//! What other pages, and other cookies, come to.

use axum::body::Body;
use axum::http::Method;
use serde_json::json;
use sidetone_store::people::Role;

use super::{ORIGIN, PASSWORD, annotation, call, cookie_of, make, plain, sign_in};
use crate::harness::{ACCOUNT, TOKEN, TestServer};

/// A request that changes something, of all kinds that a page can make a browser send.
#[tokio::test]
async fn no_other_page_makes_changes() {
    let server = TestServer::start().await;
    make(&server, "anna", Role::Admin, ACCOUNT).await;
    call(&server).await;
    let anna = sign_in(&server, "anna", PASSWORD).await;
    let send = async |headers: &[(&str, &str)]| {
        let mut request = plain(Method::POST, &annotation()).header("cookie", &anna.cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        server
            .send(request.body(Body::from("CallScore=1")).unwrap())
            .await
    };
    let token = ("x-sidetone-csrf", anna.csrf.as_str());
    let other = sign_in(&server, ACCOUNT, TOKEN).await.csrf;
    for kind in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "multipart/form-data",
        "application/json",
        "",
    ] {
        let kind = ("content-type", kind);
        for headers in [
            &[kind][..],
            &[kind, ("origin", ORIGIN)],
            &[kind, ("origin", ORIGIN), ("x-sidetone-csrf", "")],
            &[kind, ("origin", ORIGIN), ("x-sidetone-csrf", &other)],
            &[kind, token, ("origin", "https://evil.example")],
            &[kind, token, ("origin", "null")],
            &[kind, token, ("origin", "http://sidetone.test.evil.example")],
            &[kind, token, ("origin", "http://sidetone.test:8080")],
            &[kind, token, ("sec-fetch-site", "cross-site")],
            &[kind, token, ("sec-fetch-site", "same-site")],
            &[kind, token, ("sec-fetch-site", "none")],
        ] {
            let refused = send(headers).await;
            assert_eq!(refused.error(), (403, 20403), "{headers:?}");
        }
    }
    let form = ("content-type", "application/x-www-form-urlencoded");
    assert_eq!(
        send(&[form, token, ("sec-fetch-site", "same-origin")])
            .await
            .status,
        200
    );
    assert_eq!(send(&[form, token, ("origin", ORIGIN)]).await.status, 200);
    // Signing in is a change as well.
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let body = json!({ "user": "anna", "password": PASSWORD }).to_string();
        let request = plain(Method::POST, "/session").header("content-type", "application/json");
        let request = request.header(name, value).body(Body::from(body)).unwrap();
        assert_eq!(server.send(request).await.error(), (403, 20403));
    }
    let refused = plain(Method::DELETE, "/session").header("cookie", &anna.cookie);
    let refused = server.send(refused.body(Body::empty()).unwrap()).await;
    assert_eq!(refused.error(), (403, 20403));
    assert_eq!(anna.get("/session").await.status, 200);
}

#[tokio::test]
async fn a_cookie_is_worth_what_it_says_and_no_more() {
    let server = TestServer::start().await;
    make(&server, "vera", Role::Viewer, ACCOUNT).await;
    make(&server, "anna", Role::Admin, ACCOUNT).await;
    let vera = sign_in(&server, "vera", PASSWORD).await;
    let anna = sign_in(&server, "anna", PASSWORD).await;
    let with = async |cookie: &str| {
        let request = plain(Method::GET, "/session").header("cookie", cookie);
        server.send(request.body(Body::empty()).unwrap()).await
    };
    for wrong in [
        "sidetone_session=",
        "sidetone_session=x",
        &format!("sidetone_session={}", "0".repeat(64)),
        &anna.cookie.to_uppercase(),
        // Another one, put beside it by a page of a neighbour.
        &format!("{}; {}", anna.cookie, vera.cookie),
    ] {
        let answer = with(wrong).await;
        assert_eq!(answer.error(), (401, 20003), "{wrong}");
    }
    assert_eq!(with(&format!("a=b; {}", anna.cookie)).await.status, 200);

    // A session that somebody else chose is not taken: a new one is made, and that one ends.
    let body = json!({ "user": "anna", "password": PASSWORD }).to_string();
    let request = plain(Method::POST, "/session")
        .header("content-type", "application/json")
        .header("cookie", &vera.cookie);
    let answer = server.send(request.body(Body::from(body)).unwrap()).await;
    assert_ne!(cookie_of(&answer), vera.cookie);
    assert_eq!(answer.json()["name"], "anna");
    assert_eq!(vera.get("/session").await.status, 401);

    // Beside credentials a cookie counts for nothing, be they right or wrong.
    let vera = sign_in(&server, "vera", PASSWORD).await;
    let request = server.request(Method::GET, "/v1/Voice/People");
    let request = request.header("cookie", &vera.cookie);
    assert_eq!(
        server
            .send(request.body(Body::empty()).unwrap())
            .await
            .status,
        200
    );
    for wrong in ["Basic eDp5", "Bearer x", ""] {
        let request = plain(Method::GET, "/v1/Voice/Summaries").header("cookie", &anna.cookie);
        let request = request.header("authorization", wrong);
        let answer = server.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.error(), (401, 20003), "{wrong}");
    }
}
